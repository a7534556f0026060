//! A printed page, as small as PDF allows: some lines of text, for invoices and statements.

use std::fmt::Write as _;

/// A valid PDF 1.4 document of one page with these lines of text.
///
/// Characters outside printable ASCII become question marks, because the standard font of the
/// page knows no others. Lines beyond the lower edge are drawn and not seen.
pub(crate) fn page(lines: &[&str]) -> Vec<u8> {
    let mut drawing = "BT /F1 14 Tf 18 TL 72 770 Td".to_owned();
    for line in lines {
        // Writing to a string does not fail.
        let _ = write!(drawing, " ({}) Tj T*", escaped(line));
    }
    drawing.push_str(" ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{drawing}\nendstream", drawing.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut pdf = String::from("%PDF-1.4\n");
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        let _ = writeln!(table, "{:010} 00000 n ", pdf.len());
        let _ = write!(pdf, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let start = pdf.len();
    let size = objects.len() + 1;
    let _ =
        write!(pdf, "{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
    pdf.into_bytes()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '(' | ')' | '\\' => {
                escaped.push('\\');
                escaped.push(character);
            }
            ' '..='~' => escaped.push(character),
            _ => escaped.push('?'),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_of_the_table_points_at_its_object() {
        let pdf = String::from_utf8(page(&["20260131001", "two"])).unwrap();
        let start: usize =
            pdf.rsplit("startxref\n").next().unwrap().lines().next().unwrap().parse().unwrap();
        let entries: Vec<&str> = pdf[start..].lines().skip(3).take(5).collect();
        assert_eq!(entries.len(), 5);
        for (index, entry) in entries.iter().enumerate() {
            let offset: usize = entry[..10].parse().unwrap();
            assert!(pdf[offset..].starts_with(&format!("{} 0 obj", index + 1)), "{entry}");
            assert_eq!(entry.len() + 1, 20, "an entry is twenty bytes with its line end");
        }
        assert!(pdf.contains("(20260131001) Tj T* (two) Tj"));
    }

    #[test]
    fn brackets_in_a_number_cannot_end_the_text() {
        let pdf = String::from_utf8(page(&["OF(1)č"])).unwrap();
        assert!(pdf.contains(r"(OF\(1\)?) Tj"));
    }
}
