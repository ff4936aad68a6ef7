"""FastAPI: an application with checked parameters and bodies and its description, asked without a socket.

Note: before 0.119, which on Python 3.14 takes pydantic 1, and that is pure Python. The newest needs pydantic 2.
"""

import asyncio
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel

application = FastAPI()


class City(BaseModel):
    name: str
    people: int = 0


def key(key: str = ""):
    if key != "secret":
        raise HTTPException(403)
    return key


@application.post("/cities/{number}")
async def add(number: int, city: City, key: Annotated[str, Depends(key)]):
    return {"number": number, "city": city, "key": key}


async def main():
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://cells") as client:
        answer = await client.post("/cities/7?key=secret", json={"name": "Bonn"})
        assert answer.json() == {"number": 7, "city": {"name": "Bonn", "people": 0}, "key": "secret"}, answer.text
        assert (await client.post("/cities/7", json={"name": "Bonn"})).status_code == 403
        wrong = await client.post("/cities/x?key=secret", json={"people": "many"})
        assert wrong.status_code == 422
        assert [error["loc"][-1] for error in wrong.json()["detail"]] == ["number", "name", "people"], wrong.text
        description = (await client.get("/openapi.json")).json()
        assert "/cities/{number}" in description["paths"]
        assert "City" in description["components"]["schemas"]


asyncio.run(main())
print("done")
