"""Faker: names and addresses of two languages, the same for the same seed, and unique ones."""

from faker import Faker

fake = Faker(["de_DE", "en_US"])
Faker.seed(4)
first = [fake["de_DE"].name(), fake["en_US"].address(), fake["en_US"].iban()]
Faker.seed(4)
assert [fake["de_DE"].name(), fake["en_US"].address(), fake["en_US"].iban()] == first
assert all(first)
assert "\n" in first[1]
numbers = [fake["en_US"].unique.random_int(1, 20) for _ in range(20)]
assert sorted(numbers) == list(range(1, 21))
profile = fake["en_US"].simple_profile()
assert "@" in profile["mail"]
assert set(profile) >= {"username", "name", "birthdate"}
print("done")
