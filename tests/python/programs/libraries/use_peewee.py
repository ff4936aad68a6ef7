"""peewee: models with a relation on SQLite, joins, counts, a transaction that is undone."""

import peewee

database = peewee.SqliteDatabase(":memory:", pragmas={"foreign_keys": 1})


class Author(peewee.Model):
    name = peewee.CharField(unique=True)

    class Meta:
        database = database


class Book(peewee.Model):
    title = peewee.CharField()
    author = peewee.ForeignKeyField(Author, backref="books")

    class Meta:
        database = database


database.create_tables([Author, Book])
ada, bob = Author.create(name="Ada"), Author.create(name="Bob")
Book.insert_many(
    [{"title": "One", "author": ada}, {"title": "Two", "author": ada}, {"title": "Three", "author": bob}]
).execute()
assert sorted(book.title for book in ada.books) == ["One", "Two"]
count = peewee.fn.COUNT(Book.id)
query = Author.select(Author.name, count.alias("count")).join(Book).group_by(Author).order_by(count.desc())
assert list(query.tuples()) == [("Ada", 2), ("Bob", 1)]
try:
    with database.atomic():
        Book.delete().execute()
        Author.create(name="Ada")
except peewee.IntegrityError:
    pass
else:
    raise AssertionError("no error")
assert Book.select().count() == 3
database.close()
print("done")
