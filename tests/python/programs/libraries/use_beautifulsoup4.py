"""beautifulsoup4: a page parsed with `html.parser`, elements found by CSS selectors, the tree changed and written.

Note: the parser `lxml` is an extension for CPython, `html.parser` is not.
"""

import bs4

PAGE = "<html><body><h1>Cities</h1><ul><li class=big>Berlin<li>Bonn</ul><a href='/a?x=1&amp;y=2'>more</a></body>"

soup = bs4.BeautifulSoup(PAGE, "html.parser")
assert soup.h1.string == "Cities"
assert soup.select_one("li.big").find(string=True) == "Berlin"
assert soup.select("a[href^='/a']")[0]["href"] == "/a?x=1&y=2"
assert [text for text in soup.ul.stripped_strings] == ["Berlin", "Bonn"]
soup.h1.string = "Towns & villages"
soup.a.decompose()
assert str(soup.h1) == "<h1>Towns &amp; villages</h1>"
assert soup.a is None
try:
    bs4.BeautifulSoup(PAGE, "lxml")
except bs4.FeatureNotFound:
    pass
else:
    raise AssertionError("lxml works: the note above is not true any more")
print("done")
