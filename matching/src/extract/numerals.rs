//! Numbers of list items as they are shown.

/// How a list counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFormat {
    /// 1, 2, 3
    Decimal,
    /// a, b, … z, aa, bb
    LowerLetter,
    /// A, B
    UpperLetter,
    /// i, ii
    LowerRoman,
    /// I, II
    UpperRoman,
    /// 01, 02
    DecimalZero,
}

impl NumberFormat {
    /// By its name in Office Open XML; unknown ones count in decimals.
    pub(crate) fn of_office(name: &str) -> Self {
        match name {
            "lowerLetter" => Self::LowerLetter,
            "upperLetter" => Self::UpperLetter,
            "lowerRoman" => Self::LowerRoman,
            "upperRoman" => Self::UpperRoman,
            "decimalZero" => Self::DecimalZero,
            _ => Self::Decimal,
        }
    }

    /// By the sign that OpenDocument and HTML use.
    pub(crate) fn of_sign(sign: &str) -> Self {
        match sign {
            "a" => Self::LowerLetter,
            "A" => Self::UpperLetter,
            "i" => Self::LowerRoman,
            "I" => Self::UpperRoman,
            _ => Self::Decimal,
        }
    }
}

/// A number as the list shows it.
pub(crate) fn format_number(number: u32, format: NumberFormat) -> String {
    match format {
        NumberFormat::Decimal => number.to_string(),
        NumberFormat::DecimalZero => format!("{number:02}"),
        NumberFormat::LowerLetter => letters(number),
        NumberFormat::UpperLetter => letters(number).to_ascii_uppercase(),
        NumberFormat::LowerRoman => roman(number),
        NumberFormat::UpperRoman => roman(number).to_ascii_uppercase(),
    }
}

fn letters(number: u32) -> String {
    let Some(index) = number.checked_sub(1) else { return number.to_string() };
    let letter = char::from(b'a' + (index % 26) as u8);
    // More than a few rounds are no list that people read.
    std::iter::repeat_n(letter, (index / 26 + 1).min(8) as usize).collect()
}

fn roman(number: u32) -> String {
    const SIGNS: [(u32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if !(1..4000).contains(&number) {
        return number.to_string();
    }
    let mut rest = number;
    let mut text = String::new();
    for (value, sign) in SIGNS {
        while rest >= value {
            text.push_str(sign);
            rest -= value;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_in_every_format() {
        assert_eq!(format_number(14, NumberFormat::UpperRoman), "XIV");
        assert_eq!(format_number(28, NumberFormat::LowerLetter), "bb");
        assert_eq!(format_number(7, NumberFormat::DecimalZero), "07");
        assert_eq!(format_number(0, NumberFormat::LowerRoman), "0");
    }
}
