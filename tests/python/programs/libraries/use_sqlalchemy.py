"""SQLAlchemy: tables by `Core` and classes by the ORM on SQLite, relations, a join, a transaction that is undone.

Note: its asyncio part needs greenlet, an extension for CPython. In cells use it on a thread, or as it is.
"""

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(30), unique=True)
    books: Mapped[list["Book"]] = relationship(back_populates="author", cascade="all, delete-orphan")


class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("authors.id"))
    author: Mapped[Author] = relationship(back_populates="books")


engine = sa.create_engine("sqlite://")
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add_all([Author(name="Ada", books=[Book(title="One"), Book(title="Two")]), Author(name="Bob")])
    session.commit()
    query = sa.select(Author.name, sa.func.count(Book.id)).outerjoin(Book).group_by(Author.name).order_by(Author.name)
    assert session.execute(query).all() == [("Ada", 2), ("Bob", 0)]
    ada = session.scalars(sa.select(Author).options(selectinload(Author.books)).where(Author.name == "Ada")).one()
    assert [book.title for book in ada.books] == ["One", "Two"]
    assert ada.books[0].author is ada
    session.add(Author(name="Bob"))
    try:
        session.commit()
    except sa.exc.IntegrityError:
        session.rollback()
    else:
        raise AssertionError("no error")
with engine.connect() as connection:
    assert (
        connection.execute(sa.text("select count(*) from authors where name like :name"), {"name": "%o%"}).scalar() == 1
    )
    assert sa.inspect(engine).get_table_names() == ["authors", "books"]
assert str(sa.select(Book.title).where(Book.id.in_([1, 2]))).startswith(
    "SELECT books.title \nFROM books \nWHERE books.id IN"
)
print("done")
