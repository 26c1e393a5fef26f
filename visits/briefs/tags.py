"""A canvas that writes a tagged PDF: what is heading, paragraph, table or picture, and in what
order it is read. ReportLab's open-source canvas has no such thing, so the tree is ours.

Flowables call `begin_mark(tag)` … `end_mark()` around what they draw; None marks decoration. The
tree is made beside the story, so reading order is story order, whatever the page breaks do.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFObjectReference, PDFString
from reportlab.pdfgen.canvas import Canvas

PageMark = tuple[int, int]


class Tag:
    """One element of the structure tree; its kids are tags and marked stretches of pages."""

    __slots__ = ("alt", "attributes", "kids", "name", "parent", "role")

    def __init__(self, role: str, parent: "Tag | None" = None, *, alt: str = "", scope: str = ""):
        self.role, self.parent, self.alt = role, parent, alt
        self.attributes = {"O": PDFName("Table"), "Scope": PDFName(scope)} if scope else None
        self.kids: list[Tag | PageMark] = []
        self.name = ""

    def child(self, role: str, *, alt: str = "", scope: str = "") -> "Tag":
        """A new element below this one, read after its elder siblings."""
        made = Tag(role, self, alt=alt, scope=scope)
        self.kids.append(made)
        return made

    def is_used(self) -> bool:
        """Whether anything was drawn for it."""
        return any(not isinstance(kid, Tag) or kid.is_used() for kid in self.kids)


class TaggedCanvas(Canvas):
    """A canvas with a structure tree, heads and folios drawn when the page count is known."""

    def __init__(self, buffer: Any, *, root: Tag, dress: Callable[..., None], **options: Any):
        super().__init__(buffer, **options)
        self.root = root
        self.dress = dress
        self.running: Any = None
        self._runnings: list[Any] = []
        self._owners: list[list[Tag]] = []
        self._on_page: list[Tag] = []
        self._depth = 0

    def date_as(self, moment: datetime) -> None:
        """Write `moment` as the date of the file, in place of the clock's."""
        stamp = self._doc._timeStamp
        utc = moment.astimezone(UTC)
        stamp.YMDhms = tuple(utc.timetuple())[:6]
        stamp.dhh = stamp.dmm = 0

    def begin_mark(self, tag: Tag | None) -> None:
        """Start a stretch of content that belongs to `tag`; within another stretch it adds none."""
        self._depth += 1
        if self._depth > 1:
            return
        if tag is None:
            self._code.append("/Artifact BMC")
            return
        number = len(self._on_page)
        tag.kids.append((len(self._owners), number))
        self._on_page.append(tag)
        self._code.append(f"/{tag.role} <</MCID {number}>> BDC")

    def end_mark(self) -> None:
        self._depth -= 1
        if not self._depth:
            self._code.append("EMC")

    @contextmanager
    def decoration(self) -> Iterator[None]:
        """Draw lines and grounds that say nothing by themselves."""
        self.begin_mark(None)
        yield
        self.end_mark()

    def showPage(self) -> None:
        super().showPage()
        page = self._doc.Pages.pages[-1]
        page.StructParents = len(self._owners)
        page.Tabs = PDFName("S")
        page.__NoDefault__ = [*type(page).__NoDefault__, "StructParents", "Tabs"]
        self._owners.append(self._on_page)
        self._runnings.append(self.running)
        self._on_page = []

    def save(self) -> None:
        if self._code:
            self.showPage()
        self._dress_pages()
        self._write_tree()
        super().save()

    def _dress_pages(self) -> None:
        """Draw the running head and the folio on every page: only now is the count known."""
        pages = self._doc.Pages.pages
        for number, (page, running) in enumerate(zip(pages, self._runnings, strict=True), 1):
            self._code: list[Any] = []
            self.begin_mark(None)
            self.dress(self, running, number, len(pages))
            self.end_mark()
            page.stream += "\n".join(self._code) + "\n"
        self._code = []

    def _write_tree(self) -> None:
        doc = self._doc
        self._name_tags(self.root, 0)
        top = PDFDictionary({"Type": PDFName("StructTreeRoot")})
        top.dict["K"] = PDFArray([PDFObjectReference(self.root.name)])
        top.dict["ParentTree"] = PDFDictionary({"Nums": self._parent_numbers()})
        top.dict["ParentTreeNextKey"] = len(self._owners)
        doc.Reference(top, "StructTree")
        self._write_tag(self.root, "StructTree")
        doc.Catalog.StructTreeRoot = PDFObjectReference("StructTree")
        doc.Catalog.MarkInfo = PDFDictionary({"Marked": "true"})
        doc.Catalog.ViewerPreferences = PDFDictionary({"DisplayDocTitle": "true"})

    def _name_tags(self, tag: Tag, count: int) -> int:
        tag.name = f"Struct{count}"
        for kid in tag.kids:
            if isinstance(kid, Tag) and kid.is_used():
                count = self._name_tags(kid, count + 1)
        return count

    def _parent_numbers(self) -> PDFArray:
        numbers: list[Any] = []
        for page, owners in enumerate(self._owners):
            numbers += [page, PDFArray([PDFObjectReference(tag.name) for tag in owners])]
        return PDFArray(numbers)

    def _write_tag(self, tag: Tag, parent_name: str) -> None:
        entry: dict[str, Any] = {
            "S": PDFName(tag.role),
            "P": PDFObjectReference(parent_name),
        }
        marks = [kid for kid in tag.kids if not isinstance(kid, Tag)]
        if marks:
            first_page = marks[0][0]
            entry["Pg"] = PDFObjectReference(f"Page{first_page + 1}")
        kids: list[Any] = []
        for kid in tag.kids:
            if isinstance(kid, Tag):
                if kid.name:
                    kids.append(PDFObjectReference(kid.name))
            elif kid[0] == first_page:
                kids.append(kid[1])
            else:
                page = PDFObjectReference(f"Page{kid[0] + 1}")
                mark = {"Type": PDFName("MCR"), "Pg": page, "MCID": kid[1]}
                kids.append(PDFDictionary(mark))
        entry["K"] = kids[0] if len(kids) == 1 else PDFArray(kids)
        if tag.alt:
            entry["Alt"] = PDFString(tag.alt)
        if tag.attributes:
            entry["A"] = PDFDictionary(dict(tag.attributes))
        self._doc.Reference(PDFDictionary(entry), tag.name)
        for kid in tag.kids:
            if isinstance(kid, Tag) and kid.name:
                self._write_tag(kid, tag.name)
