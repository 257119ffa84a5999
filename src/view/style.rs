//! The words of a style turned into a terminal's colours and attributes.

use crate::format::style::{Attr, Colour, StyleItem, parse as words};
use crate::vt::{Attrs, Color, Style};

/// A colour on top of `base`; `default` is the base's, `terminal` and `none` the terminal's own.
pub fn colour(colour: Colour, base: Color) -> Color {
    match colour {
        Colour::Default => base,
        Colour::Terminal | Colour::None => Color::Default,
        Colour::Indexed(n) => Color::Indexed(n),
        Colour::Rgb(r, g, b) => Color::Rgb(r, g, b),
    }
}

fn attrs(attr: Attr) -> Attrs {
    match attr {
        Attr::Bold => Attrs::BOLD,
        Attr::Dim => Attrs::DIM,
        Attr::Underscore => Attrs::UNDERLINE,
        Attr::DoubleUnderscore => Attrs::DOUBLE_UNDERLINE,
        Attr::CurlyUnderscore => Attrs::CURLY_UNDERLINE,
        Attr::DottedUnderscore => Attrs::DOTTED_UNDERLINE,
        Attr::DashedUnderscore => Attrs::DASHED_UNDERLINE,
        Attr::Blink => Attrs::BLINK,
        Attr::Reverse => Attrs::REVERSE,
        Attr::Hidden => Attrs::HIDDEN,
        Attr::Italics => Attrs::ITALIC,
        Attr::Strikethrough => Attrs::STRIKE,
        Attr::Overline => Attrs::OVERLINE,
    }
}

/// Changes `style` by one word; words that are not about looks change nothing.
pub fn apply(style: &mut Style, base: Style, item: &StyleItem) {
    match item {
        StyleItem::Default => *style = base,
        StyleItem::Fg(c) => style.fg = colour(*c, base.fg),
        StyleItem::Bg(c) => style.bg = colour(*c, base.bg),
        StyleItem::Us(c) => style.underline = colour(*c, base.underline),
        StyleItem::Attr(attr, true) => {
            let attr = attrs(*attr);
            if attr.intersects(Attrs::ANY_UNDERLINE) {
                style.attrs.remove(Attrs::ANY_UNDERLINE);
            }
            style.attrs.insert(attr);
        }
        StyleItem::Attr(attr, false) => style.attrs.remove(attrs(*attr)),
        StyleItem::NoAttr | StyleItem::IgnoreBaseAttr => style.attrs = Attrs::empty(),
        StyleItem::Fill(_)
        | StyleItem::Align(_)
        | StyleItem::List(_)
        | StyleItem::Range(_)
        | StyleItem::PushDefault
        | StyleItem::PopDefault
        | StyleItem::Ignore(_)
        | StyleItem::Width(_)
        | StyleItem::Pad(_) => {}
    }
}

/// The style that `text` makes of `base`; a text that is no style changes nothing, as in tmux.
pub fn parse(text: &str, base: Style) -> Style {
    let mut style = base;
    for item in words(text).unwrap_or_default() {
        apply(&mut style, base, &item);
    }
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_changes_its_base() {
        let base = parse("fg=white,bg=blue", Style::default());
        let style = parse("fg=#ff0000 bold,italics,nobold,bg=default", base);
        assert_eq!(style.fg, Color::Rgb(255, 0, 0));
        assert_eq!(style.bg, Color::Indexed(4), "default is the base's");
        assert_eq!(style.attrs, Attrs::ITALIC);
        assert_eq!(parse("bg=terminal", base).bg, Color::Default);
        assert_eq!(parse("bold,default", base), base);
        assert_eq!(parse("nonsense,fg=nosuch", base), base);
        let curly = parse("underscore,curly-underscore,us=red", base);
        assert_eq!((curly.attrs, curly.underline), (Attrs::CURLY_UNDERLINE, Color::Indexed(1)));
    }
}
