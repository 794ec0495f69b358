//! Tells the type of an uploaded file by its content. Names and declared types are only claims.

/// A type of file that people send as a resume or a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// PDF.
    Pdf,
    /// Office Open XML text (Word 2007 and later).
    Docx,
    /// OpenDocument text.
    Odt,
    /// Rich Text Format.
    Rtf,
    /// HTML.
    Html,
    /// Plain text or Markdown.
    Text,
}

/// How far into a file its first mark may be; PDF readers allow junk before the header.
const HEAD: usize = 1024;

impl MediaType {
    /// The types that can be uploaded, as their list is shown to people.
    pub const ACCEPTED: [Self; 6] = [Self::Pdf, Self::Docx, Self::Odt, Self::Rtf, Self::Html, Self::Text];

    /// How people call the type.
    pub fn label(self) -> &'static str {
        match self {
            Self::Pdf => "PDF",
            Self::Docx => "DOCX",
            Self::Odt => "ODT",
            Self::Rtf => "RTF",
            Self::Html => "HTML",
            Self::Text => "plain text or Markdown",
        }
    }

    /// The IANA media type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            Self::Odt => "application/vnd.oasis.opendocument.text",
            Self::Rtf => "application/rtf",
            Self::Html => "text/html",
            Self::Text => "text/plain",
        }
    }

    /// The usual extension of the file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Odt => "odt",
            Self::Rtf => "rtf",
            Self::Html => "html",
            Self::Text => "txt",
        }
    }

    /// The type of `content`; none if it is not one of ours.
    pub fn of(content: &[u8]) -> Option<Self> {
        let head = content.get(..HEAD).unwrap_or(content);
        if find(head, b"%PDF-") {
            return Some(Self::Pdf);
        }
        if content.starts_with(b"PK\x03\x04") {
            return of_zip(content);
        }
        if content.starts_with(b"{\\rtf") {
            return Some(Self::Rtf);
        }
        of_text(content, head)
    }
}

// Names of entries stand uncompressed in a ZIP file, so the whole need not be unpacked to tell one from another.
fn of_zip(content: &[u8]) -> Option<MediaType> {
    if content
        .get(30..)
        .is_some_and(|rest| rest.starts_with(b"mimetypeapplication/vnd.oasis.opendocument.text"))
    {
        return Some(MediaType::Odt);
    }
    (find(content, b"[Content_Types].xml") && find(content, b"word/document")).then_some(MediaType::Docx)
}

fn of_text(content: &[u8], head: &[u8]) -> Option<MediaType> {
    let utf16 = content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff");
    if content.is_empty() || (content.contains(&0) && !utf16) {
        return None;
    }
    // Control characters that no text has; tab, line ends, form feed and escape (of old encodings) may be there.
    if !utf16
        && content.iter().any(|&byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
    {
        return None;
    }
    let start = String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_lowercase();
    let html = ["<!doctype html", "<html", "<head", "<body"].iter().any(|mark| start.starts_with(mark))
        || (start.starts_with("<?xml") && start.contains("<html"));
    Some(if html { MediaType::Html } else { MediaType::Text })
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_decides() {
        let odt =
            [b"PK\x03\x04".as_slice(), &[0; 26], b"mimetypeapplication/vnd.oasis.opendocument.text"].concat();
        let docx =
            [b"PK\x03\x04".as_slice(), &[0; 26], b"[Content_Types].xml", &[0; 9], b"word/document.xml"]
                .concat();
        let xlsx = [b"PK\x03\x04".as_slice(), &[0; 26], b"[Content_Types].xml", &[0; 9], b"xl/workbook.xml"]
            .concat();
        let cases: [(&[u8], Option<MediaType>); 11] = [
            (b"%PDF-1.7\n", Some(MediaType::Pdf)),
            (b"\r\njunk %PDF-1.4", Some(MediaType::Pdf)),
            (&docx, Some(MediaType::Docx)),
            (&odt, Some(MediaType::Odt)),
            (&xlsx, None),
            (b"{\\rtf1 x}", Some(MediaType::Rtf)),
            (b"\xef\xbb\xbf  <!DOCTYPE HTML><p>", Some(MediaType::Html)),
            ("Zoë Müller\nEngineer".as_bytes(), Some(MediaType::Text)),
            (b"\xff\xfeA\0n\0n\0", Some(MediaType::Text)),
            (b"\x7fELF\x02\x01\x01\0", None),
            (b"", None),
        ];
        for (content, expected) in cases {
            assert_eq!(MediaType::of(content), expected, "{:?}", String::from_utf8_lossy(content));
        }
    }
}
