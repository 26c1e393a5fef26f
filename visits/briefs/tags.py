"""A canvas that writes a tagged PDF (PDF/UA-1): what is heading, paragraph, table, link or picture,
and in what order it is read. ReportLab's open-source canvas has no such thing, so the tree is ours.

Flowables call `begin_mark(tag)` … `end_mark()` around what they draw; None marks decoration. The
tree is made beside the story, so reading order is story order, whatever the page breaks do.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from reportlab import rl_config
from reportlab.lib.colors import Color
from reportlab.pdfbase.pdfdoc import (
    PDFArray,
    PDFDictionary,
    PDFName,
    PDFObjectReference,
    PDFStream,
    PDFString,
)
from reportlab.pdfgen.canvas import Canvas

from visits.briefs.compact import compact

# Pages are written as bytes, not as letters of mail days: a fifth smaller.
rl_config.useA85 = 0


class PageMark(NamedTuple):
    """A marked stretch of the content of a page."""

    page: int
    number: int


class Annotation(NamedTuple):
    """A link's sensitive area on a page, by its name in the file."""

    page: int
    name: str


Box = tuple[float, float, float, float]


class Tag:
    """One element of the structure tree; its kids are tags, stretches of pages and links' areas."""

    __slots__ = ("alt", "attributes", "kids", "name", "parent", "role", "said", "spoken")

    def __init__(
        self,
        role: str,
        parent: "Tag | None" = None,
        *,
        alt: str = "",
        scope: str = "",
        said: str = "",
        spoken: str = "",
    ):
        self.role, self.parent, self.alt = role, parent, alt
        self.said, self.spoken = said, spoken
        self.attributes: dict[str, Any] = {}
        if scope:
            self.attributes = {"O": PDFName("Table"), "Scope": PDFName(scope)}
        self.kids: list[Tag | PageMark | Annotation] = []
        self.name = ""

    def child(
        self, role: str, *, alt: str = "", scope: str = "", said: str = "", spoken: str = ""
    ) -> "Tag":
        """A new element below this one, read after its elder siblings.

        `said` are its words where its glyphs stand in another order, `spoken` is their language
        where that is not the document's.
        """
        made = Tag(role, self, alt=alt, scope=scope, said=said, spoken=spoken)
        self.kids.append(made)
        return made

    def list_child(self, *, numbered: bool) -> "Tag":
        """A list below this one that says whether its items are counted."""
        made = self.child("L")
        style = PDFName("Decimal" if numbered else "Disc")
        made.attributes = {"O": PDFName("List"), "ListNumbering": style}
        return made

    def is_used(self) -> bool:
        """Whether anything was drawn for it."""
        return any(not isinstance(kid, Tag) or kid.is_used() for kid in self.kids)


class TaggedCanvas(Canvas):
    """A canvas with a structure tree, heads and folios drawn when the page count is known."""

    def __init__(
        self,
        buffer: Any,
        *,
        root: Tag,
        dress: Callable[..., None],
        is_grey: bool = False,
        **options: Any,
    ):
        super().__init__(buffer, **options)
        self.is_grey = is_grey
        self.root = root
        self.dress = dress
        self.language = options.get("lang") or "en"
        self.running: Any = None
        self._runnings: list[Any] = []
        # What the parent tree says: the tags of every page's marks, and the tag of every link.
        self._owners: list[list[Tag] | Tag] = []
        self._on_page: list[Tag] = []
        self._pages = 0
        self._depth = 0

    def date_as(self, moment: datetime) -> None:
        """Write `moment` as the date of the file, in place of the clock's."""
        stamp = self._doc._timeStamp
        utc = moment.astimezone(UTC)
        stamp.YMDhms = tuple(utc.timetuple())[:6]
        stamp.dhh = stamp.dmm = 0
        self._dated = utc

    def setFillColor(self, aColor: Any, alpha: float | None = None) -> None:
        if self.is_grey:
            self.setFillGray(grey_of(aColor), alpha)
        else:
            super().setFillColor(aColor, alpha)

    def setStrokeColor(self, aColor: Any, alpha: float | None = None) -> None:
        if self.is_grey:
            self.setStrokeGray(grey_of(aColor), alpha)
        else:
            super().setStrokeColor(aColor, alpha)

    def begin_mark(self, tag: Tag | None) -> None:
        """Start a stretch of content that belongs to `tag`; within another stretch it adds none."""
        self._depth += 1
        if self._depth > 1:
            return
        if tag is None:
            self._code.append("/Artifact BMC")
            return
        number = len(self._on_page)
        tag.kids.append(PageMark(self._pages, number))
        self._on_page.append(tag)
        self._code.append(f"/{tag.role} <</MCID {number}>> BDC")

    def begin_figure(self, tag: Tag, width: float, height: float) -> None:
        """Start a picture that fills a box from the present origin; the tag says where it lies."""
        left, bottom = self.absolutePosition(0, 0)
        right, top = self.absolutePosition(width, height)
        box = PDFArray([round(edge, 1) for edge in (left, bottom, right, top)])
        block = PDFName("Block")
        tag.attributes = {"O": PDFName("Layout"), "BBox": box, "Placement": block}
        self.begin_mark(tag)

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

    def link(self, tag: Tag, box: Box, target: str, words: str) -> None:
        """Make a box of the page lead to `target`: an address, or "#" and the name of a bookmark.

        `words` is what the link says to those who do not see it.
        """
        entry: dict[str, Any] = {
            "Type": PDFName("Annot"),
            "Subtype": PDFName("Link"),
            "Rect": PDFArray([round(edge, 2) for edge in self._absRect(box, 1)]),
            "Border": PDFArray([0, 0, 0]),
            # Printed, and with nothing drawn by the reader's program.
            "F": 4,
            "Contents": PDFString(words),
            "StructParent": len(self._owners),
        }
        if target.startswith("#"):
            entry["Dest"] = self._bookmarkReference(target[1:])
        else:
            entry["A"] = PDFDictionary({"S": PDFName("URI"), "URI": PDFString(target)})
        name = f"Link{len(self._owners)}"
        self._addAnnotation(PDFDictionary(entry), name)
        self._owners.append(tag)
        tag.kids.append(Annotation(self._pages, self._doc.annotationName(name)))

    def showPage(self) -> None:
        super().showPage()
        page = self._doc.Pages.pages[-1]
        page.StructParents = len(self._owners)
        page.Tabs = PDFName("S")
        page.__NoDefault__ = [*type(page).__NoDefault__, "StructParents", "Tabs"]
        self._owners.append(self._on_page)
        self._runnings.append(self.running)
        self._on_page = []
        self._pages += 1

    def save(self) -> None:
        if self._code:
            self.showPage()
        self._dress_pages()
        self._write_tree()
        self._write_metadata()
        self._filename.write(compact(self._doc.GetPDFData(self)))

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

    def _write_metadata(self) -> None:
        """The packet that declares PDF/UA-1; it says no more than the document's own properties."""
        info = self._doc.info
        packet = XMP.format(
            title=escape(info.title),
            author=escape(info.author),
            creator=escape(info.creator),
            language=escape(self.language),
            moment=self._dated.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        about = PDFDictionary({"Type": PDFName("Metadata"), "Subtype": PDFName("XML")})
        # Uncompressed, as the standard wants it: search programs read it without a PDF library.
        self._doc.Reference(PDFStream(about, packet.encode(), filters=[]), "Metadata")
        self._doc.Catalog.Metadata = PDFObjectReference("Metadata")

    def _name_tags(self, tag: Tag, count: int) -> int:
        tag.name = f"Struct{count}"
        for kid in tag.kids:
            if isinstance(kid, Tag) and kid.is_used():
                count = self._name_tags(kid, count + 1)
        return count

    def _parent_numbers(self) -> PDFArray:
        numbers: list[Any] = []
        for key, owner in enumerate(self._owners):
            if isinstance(owner, Tag):
                numbers += [key, PDFObjectReference(owner.name)]
            else:
                numbers += [key, PDFArray([PDFObjectReference(tag.name) for tag in owner])]
        return PDFArray(numbers)

    def _write_tag(self, tag: Tag, parent_name: str) -> None:
        entry: dict[str, Any] = {
            "S": PDFName(tag.role),
            "P": PDFObjectReference(parent_name),
        }
        first = next((kid.page for kid in tag.kids if not isinstance(kid, Tag)), None)
        if first is not None:
            entry["Pg"] = PDFObjectReference(f"Page{first + 1}")
        kids = [_kid(kid, first) for kid in tag.kids if not isinstance(kid, Tag) or kid.name]
        entry["K"] = kids[0] if len(kids) == 1 else PDFArray(kids)
        if tag.alt:
            entry["Alt"] = PDFString(tag.alt)
        if tag.said:
            entry["ActualText"] = PDFString(tag.said)
        if tag.spoken:
            entry["Lang"] = PDFString(tag.spoken)
        if tag.attributes:
            entry["A"] = PDFDictionary(dict(tag.attributes))
        self._doc.Reference(PDFDictionary(entry), tag.name)
        for kid in tag.kids:
            if isinstance(kid, Tag) and kid.name:
                self._write_tag(kid, tag.name)


@cache
def grey_of(colour: Color) -> float:
    """From 0, black, to 1: the grey of the same luminance (WCAG 2.2), so of the same contrasts."""
    shares = zip((0.2126, 0.7152, 0.0722), colour.rgb(), strict=True)
    light = sum(share * _linear(value) for share, value in shares)
    shade = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return round(shade, 3)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _kid(kid: Tag | PageMark | Annotation, first_page: int | None) -> Any:
    """How an element names one of its kids."""
    if isinstance(kid, Tag):
        return PDFObjectReference(kid.name)
    page = PDFObjectReference(f"Page{kid.page + 1}")
    if isinstance(kid, Annotation):
        area = PDFObjectReference(kid.name)
        return PDFDictionary({"Type": PDFName("OBJR"), "Pg": page, "Obj": area})
    if kid.page == first_page:
        return kid.number
    return PDFDictionary({"Type": PDFName("MCR"), "Pg": page, "MCID": kid.number})


XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<pdfuaid:part>1</pdfuaid:part>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<xmp:CreatorTool>{creator}</xmp:CreatorTool>
<xmp:CreateDate>{moment}</xmp:CreateDate>
<xmp:ModifyDate>{moment}</xmp:ModifyDate>
<pdf:Producer>ReportLab</pdf:Producer>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""
