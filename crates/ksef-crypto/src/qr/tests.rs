//! Every picture is read back by another library, and what a code shows is what it was given.
//!
//! That zbarimg reads the PNG pictures too is tested in `tests/it/links.rs`.

use chrono::NaiveDate;
use common_core::ident::Nip;
use png::{BitDepth, ColorType};
use proptest::prelude::*;

use super::*;
use crate::{
    link::{Environment, InvoiceHash, InvoiceLink},
    number::KsefNumber,
};

const LEVELS: [Correction; 4] =
    [Correction::Low, Correction::Medium, Correction::Quartile, Correction::High];

/// A picture as a grid of pixels, `true` for black.
struct Picture {
    width: usize,
    black: Vec<bool>,
}

impl Picture {
    fn of_png(file: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((frame.color_type, frame.bit_depth), (ColorType::Grayscale, BitDepth::One));
        let width = frame.width as usize;
        let rows = pixels.chunks(frame.line_size);
        let black = rows.flat_map(|row| (0..width).map(|x| row[x / 8] << (x % 8) & 0x80 == 0));
        Self { width, black: black.collect() }
    }

    /// Blocks of `scale` pixels for every character of the terminal's text.
    fn of_terminal(text: &str, scale: usize) -> Self {
        let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
        let (symbol, width) = (&lines[..lines.len() - 1], lines[0].len());
        let modules = symbol.iter().flat_map(|line| {
            let upper = line.iter().map(|c| matches!(c, '▄' | ' '));
            let lower = line.iter().map(|c| matches!(c, '▀' | ' '));
            [upper.collect::<Vec<_>>(), lower.collect()]
        });
        Self::scaled(width, &modules.collect::<Vec<_>>(), scale)
    }

    /// The rectangles of the one path in an SVG document.
    fn of_svg(text: &str, scale: usize) -> Self {
        let document = roxmltree::Document::parse(text).unwrap();
        let root = document.root_element();
        let view: Vec<usize> =
            root.attribute("viewBox").unwrap().split(' ').map(|n| n.parse().unwrap()).collect();
        let path =
            root.children().find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "path")));
        let mut modules = vec![vec![false; view[2]]; view[3]];
        for run in path.unwrap().attribute("d").unwrap().split_terminator('z') {
            let (corner, rest) = run.strip_prefix('M').unwrap().split_once('h').unwrap();
            let (x, y) = corner.split_once(' ').unwrap();
            let (x, y): (usize, usize) = (x.parse().unwrap(), y.parse().unwrap());
            let (length, back) = rest.split_once("v1h-").unwrap();
            assert_eq!(length, back);
            modules[y][x..x + length.parse::<usize>().unwrap()].fill(true);
        }
        Self::scaled(view[2], &modules, scale)
    }

    fn scaled(width: usize, modules: &[Vec<bool>], scale: usize) -> Self {
        let rows = modules.iter().flat_map(|row| std::iter::repeat_n(row, scale));
        let pixels = rows.flat_map(|row| row.iter().flat_map(|&b| std::iter::repeat_n(b, scale)));
        Self { width: width * scale, black: pixels.collect() }
    }

    fn height(&self) -> usize {
        self.black.len() / self.width
    }

    /// What the only symbol in the picture says.
    fn read(&self) -> String {
        let shade = |x: usize, y: usize| if self.black[y * self.width + x] { 0 } else { 255 };
        let mut prepared =
            rqrr::PreparedImage::prepare_from_greyscale(self.width, self.height(), shade);
        let grids = prepared.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }
}

fn link(seed: u8) -> InvoiceLink {
    let seller = Nip::parse(&format!("526587{seed:04}")).unwrap();
    let issued = NaiveDate::from_ymd_opt(2026, 1 + u32::from(seed) % 12, 1).unwrap();
    InvoiceLink::new(Environment::Production, seller, issued, InvoiceHash::of(&[seed]))
}

fn number() -> KsefNumber {
    KsefNumber::parse("4904089735-20220125-48BA3C-65D074-93").unwrap()
}

#[test]
fn pictures_of_two_hundred_links_are_read_back() {
    for seed in 0..200 {
        let (link, level) = (link(seed), LEVELS[usize::from(seed) % 4]);
        let caption = if seed % 2 == 0 { Caption::Number(number()) } else { Caption::Offline };
        let code = QrCode::new(&link, caption, level).unwrap();
        let png = code.png(2 + usize::from(seed) % 3).unwrap();
        assert_eq!(Picture::of_png(&png).read(), link.to_string());
    }
}

#[test]
fn svg_and_terminal_show_the_same_symbol_as_the_picture() {
    for seed in 0..20 {
        let link = link(seed);
        let code = QrCode::new(&link, Caption::Offline, LEVELS[usize::from(seed) % 4]).unwrap();
        assert_eq!(Picture::of_svg(&code.svg(), 4).read(), link.to_string());
        assert_eq!(Picture::of_terminal(&code.terminal(), 4).read(), link.to_string());
    }
}

#[test]
fn link_as_long_as_kod_ii_with_rsa_is_read_back() {
    let long = format!("https://qr.ksef.mf.gov.pl/certificate/Nip/{}", "Ab9_".repeat(115));
    for level in LEVELS {
        let code = QrCode::new(&long, Caption::Certificate, level).unwrap();
        assert_eq!(Picture::of_png(&code.png(4).unwrap()).read(), long);
    }
}

#[test]
fn stronger_correction_makes_a_larger_symbol_that_survives_damage() {
    let sizes = LEVELS.map(|level| QrCode::new(&link(1), Caption::Offline, level).unwrap().size());
    assert!(sizes.is_sorted() && sizes[0] < sizes[3], "{sizes:?}");

    let code = QrCode::new(&link(1), Caption::Offline, Correction::High).unwrap();
    let mut picture = Picture::of_png(&code.png(4).unwrap());
    let middle = picture.width / 2;
    for y in middle - 16..middle + 16 {
        picture.black[y * picture.width + middle - 16..y * picture.width + middle + 16].fill(false);
    }
    assert_eq!(picture.read(), link(1).to_string());
}

#[test]
fn quiet_zone_of_four_modules_is_white_on_all_sides() {
    let code = QrCode::new(&link(2), Caption::Offline, Correction::Medium).unwrap();
    let (module, side) = (5, code.size() + 8);
    let picture = Picture::of_png(&code.png(module).unwrap());
    assert_eq!(picture.width, side * module);
    let outside = |n: usize| n < 4 * module || n >= (side - 4) * module;
    for (index, black) in picture.black.iter().take(picture.width * picture.width).enumerate() {
        let (x, y) = (index % picture.width, index / picture.width);
        assert!(!black || !(outside(x) || outside(y)), "{x} {y}");
    }
    // The corner of the finder pattern begins right inside.
    assert!(code.is_dark(0, 0) && picture.black[4 * module * picture.width + 4 * module]);
}

#[test]
fn caption_is_what_ksef_asks_for_in_every_form() {
    for (caption, text) in [
        (Caption::Number(number()), "4904089735-20220125-48BA3C-65D074-93"),
        (Caption::Offline, "OFFLINE"),
        (Caption::Certificate, "CERTYFIKAT"),
    ] {
        let code = QrCode::new(&link(3), caption, Correction::Medium).unwrap();
        assert_eq!(code.caption().to_string(), text);
        let svg = code.svg();
        let document = roxmltree::Document::parse(&svg).unwrap();
        let shown =
            document.descendants().filter_map(|node| node.text().filter(|_| node.is_text()));
        assert_eq!(shown.collect::<String>(), text);
        assert_eq!(code.terminal().lines().last().unwrap().trim(), text);
    }
}

#[test]
fn caption_of_a_picture_has_the_dots_of_its_letters() {
    let code = QrCode::new(&link(4), Caption::Offline, Correction::Medium).unwrap();
    let module = 4;
    let picture = Picture::of_png(&code.png(module).unwrap());
    let dots: usize = "OFFLINE".chars().map(|letter| font::dots(letter).count()).sum();
    let below = &picture.black[picture.width * picture.width..];
    // Half a module per dot: two by two pixels.
    assert_eq!(below.iter().filter(|black| **black).count(), dots * 4);
}

#[test]
fn caption_wider_than_the_symbol_is_broken_into_lines() {
    let code = QrCode::new(&"short", Caption::Number(number()), Correction::Low).unwrap();
    let (one, offline) = (code.png(1).unwrap(), QrCode { caption: Caption::Offline, ..code });
    let (wrapped, single) = (Picture::of_png(&one), Picture::of_png(&offline.png(1).unwrap()));
    assert_eq!(wrapped.width, single.width);
    // Four letters have room in 29 pixels, and a line is 9 pixels high.
    let lines = Caption::Number(number()).lines(4).len() - Caption::Offline.lines(4).len();
    assert_eq!((wrapped.height() - single.height(), lines), (9 * lines, 9));
    let black = |picture: &Picture| picture.black[29 * 29..].iter().filter(|black| **black).count();
    let dots: usize = number().as_str().chars().map(|letter| font::dots(letter).count()).sum();
    assert_eq!(black(&wrapped), dots);
}

#[test]
fn what_cannot_be_drawn_is_refused() {
    let long = "A".repeat(2954).to_lowercase();
    assert_eq!(
        QrCode::new(&long, Caption::Offline, Correction::Low).unwrap_err(),
        QrError::TooLong
    );
    assert!(QrCode::new(&&long[..2953], Caption::Offline, Correction::Low).is_ok());
    assert!(QrCode::new(&&long[..1273], Caption::Offline, Correction::High).is_ok());
    assert!(QrCode::new(&&long[..1274], Caption::Offline, Correction::High).is_err());
    let code = QrCode::new(&link(5), Caption::Offline, Correction::Low).unwrap();
    assert_eq!(code.png(0).unwrap_err(), QrError::ModuleSize);
    assert_eq!(code.png(65).unwrap_err(), QrError::ModuleSize);
    assert!(code.png(64).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_is_drawn_and_read_back(text in "[ -~]{1,300}", level in 0_usize..4, module in 2_usize..6) {
        let code = QrCode::new(&text, Caption::Certificate, LEVELS[level]).unwrap();
        prop_assert_eq!(Picture::of_png(&code.png(module).unwrap()).read(), text);
    }
}
