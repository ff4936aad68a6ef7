"""Modules with a class in a class, where the inner one annotates names under a condition, as SQLAlchemy's.

RustPython compiles that only where the outer class does so, too, and has a SyntaxError for it otherwise. Such a module gets
an annotation in its outer classes under a condition that is never true.
"""

from _frozen_importlib_external import SourceFileLoader


def install():
    """Let modules be compiled so, where they cannot be compiled as they are."""
    to_code = SourceFileLoader.source_to_code

    def source_to_code(self, data, path, **options):
        try:
            return to_code(self, data, path, **options)
        except SyntaxError as error:
            if "__conditional_annotations__" not in str(error):
                raise
        return to_code(self, rewritten(data), path, **options)

    # Tracebacks leave the frames of the import machinery out, by the name of their file.
    source_to_code.__code__ = source_to_code.__code__.replace(co_filename=to_code.__code__.co_filename)
    SourceFileLoader.source_to_code = source_to_code


def rewritten(source):
    """The tree of `source` with such an annotation in each class that has a class in it."""
    import ast

    tree = ast.parse(source)
    for outer in ast.walk(tree):
        if isinstance(outer, ast.ClassDef) and any(
            isinstance(node, ast.ClassDef) for node in ast.walk(outer) if node is not outer
        ):
            outer.body.append(_never(outer.body[-1]))
    return tree


def _never(place):
    import ast

    [condition] = ast.parse("if False: _: None").body
    for node in ast.walk(condition):
        if hasattr(node, "lineno"):
            ast.copy_location(node, place)
    return condition
