"""PDFs written object by object, for what fpdf2 cannot write."""

from collections.abc import Sequence

#: Resources of a page with one font, F1.
FONT = "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"


def written(objects: Sequence[str]) -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    raw, offsets = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, start=1):
        offsets.append(len(raw))
        raw += f"{number} 0 obj\n{each}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n"
    )
    return raw + f"{end}startxref\n{len(raw)}\n%%EOF".encode("latin-1")


def stream(content: str) -> str:
    """A stream object."""
    return f"<< /Length {len(content)} >>\nstream\n{content}\nendstream"


def text_at(x: float, y: float, text: str, size: int = 12) -> str:
    """Drawing commands of a text, in points from the lower left corner."""
    return f"BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET\n"


def form(drawn: str, annotations: Sequence[str]) -> bytes:
    """A page with drawing commands, form fields (``/FT``) and other annotations, without appearance streams."""
    numbers = [f"{5 + i} 0 R" for i in range(len(annotations))]
    listed = " ".join(numbers)
    fields = " ".join(number for number, each in zip(numbers, annotations, strict=True) if "/FT" in each)
    return written(
        [
            f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{fields}] /DA (/Helv 12 Tf 0 g) >> >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R {FONT} /Annots [{listed}] >>",
            stream(drawn),
            *(f"<< /Type /Annot {each} >>" for each in annotations),
        ]
    )


def field(kind: str, value: str, rectangle: tuple[float, float, float, float], more: str = "") -> str:
    """A form field: ``Tx``, ``Ch`` or ``Btn``, with its value as a PDF object."""
    left, bottom, right, top = rectangle
    name = f"/T (f{left:.0f}-{bottom:.0f})"
    return f"/Subtype /Widget /FT /{kind} {name} /V {value} /Rect [{left} {bottom} {right} {top}] {more}"


def comment(kind: str, text: str, rectangle: tuple[float, float, float, float], more: str = "") -> str:
    """An annotation with a text, such as ``FreeText``."""
    return f"/Subtype /{kind} /Contents ({text}) /Rect [{' '.join(map(str, rectangle))}] {more}"
