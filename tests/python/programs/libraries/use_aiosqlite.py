"""aiosqlite: a table of SQLite written and read with await, a transaction that is undone, rows one by one."""

import asyncio

import aiosqlite


async def main():
    async with aiosqlite.connect(":memory:") as database:
        await database.execute("create table cities (name text primary key, people integer)")
        rows = [("Berlin", 3_700_000), ("Paris", 2_100_000)]
        await database.executemany("insert into cities values (?, ?)", rows)
        await database.commit()
        await database.execute("delete from cities")
        await database.rollback()
        async with database.execute("select name, people from cities order by people") as cursor:
            assert [row async for row in cursor] == rows[::-1]
        try:
            await database.execute("insert into cities values ('Paris', 0)")
        except aiosqlite.IntegrityError as error:
            assert "UNIQUE" in str(error), error
        else:
            raise AssertionError("no error")


asyncio.run(main())
print("done")
