"""Markdown: a document with a table, code, footnotes and a table of contents as HTML, and an extension of one's own."""

import markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import SimpleTagInlineProcessor

DOCUMENT = """
# Title

Some *text* with ~~a mistake~~[^1].

| a | b |
|---|--:|
| 1 | 2 |

```python
x < 1
```

[^1]: A note.
"""


class Strike(Extension):
    def extendMarkdown(self, md):
        md.inlinePatterns.register(SimpleTagInlineProcessor(r"()~~(.*?)~~", "del"), "del", 175)


converter = markdown.Markdown(extensions=["extra", "toc", Strike()])
html = converter.convert(DOCUMENT)
for expected in (
    '<h1 id="title">Title</h1>',
    "<em>text</em> with <del>a mistake</del>",
    '<td style="text-align: right;">2</td>',
    '<code class="language-python">x &lt; 1\n</code>',
    '<div class="footnote">',
):
    assert expected in html, html
assert '<a href="#title">Title</a>' in converter.toc
print("done")
