//! Posters: drawn, not photographed.

use crate::films::{Film, Motif};
use std::fmt::Write;

const WIDTH: u32 = 300;
const HEIGHT: u32 = 420;

/// The poster of a film, as SVG. It needs no text: its title stands beside it wherever it is shown.
pub(crate) fn poster(film: &Film) -> String {
    let [ground, shape, light] = &film.colours;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"><rect width="{WIDTH}" height="{HEIGHT}" fill="{ground}"/>"#
    );
    match film.motif {
        Motif::Moon => moon(&mut svg, shape, light),
        Motif::Waves => waves(&mut svg, shape, light),
        Motif::Hills => hills(&mut svg, shape, light),
        Motif::Windows => windows(&mut svg, shape, light),
        Motif::Rays => rays(&mut svg, shape, light),
        Motif::Rails => rails(&mut svg, shape, light),
    }
    svg.push_str("</svg>");
    svg
}

/// Writing to a String cannot fail.
fn put(svg: &mut String, piece: std::fmt::Arguments<'_>) {
    let _ = svg.write_fmt(piece);
}

fn moon(svg: &mut String, shape: &str, light: &str) {
    for n in 0..40_u32 {
        let (x, y) = ((n * 137 + 29) % WIDTH, (n * 71 + 13) % 300);
        let r = if n % 5 == 0 { 2 } else { 1 };
        put(svg, format_args!(r#"<circle cx="{x}" cy="{y}" r="{r}" fill="{light}" opacity=".7"/>"#));
    }
    put(svg, format_args!(r#"<circle cx="178" cy="150" r="86" fill="{light}"/>"#));
    put(svg, format_args!(r#"<circle cx="208" cy="132" r="78" fill="{shape}" opacity=".32"/>"#));
    put(svg, format_args!(r#"<path d="M0 420V330q75-50 150-14t150-26v130z" fill="{shape}"/>"#));
}

fn waves(svg: &mut String, shape: &str, light: &str) {
    put(svg, format_args!(r#"<circle cx="150" cy="128" r="58" fill="{light}" opacity=".9"/>"#));
    for row in 0..7_u32 {
        let (y, opacity) = (180 + row * 36, 25 + row * 11);
        let colour = if row % 2 == 0 { shape } else { light };
        let faint = if row % 2 == 0 { opacity } else { 18 };
        put(
            svg,
            format_args!(
                r#"<path d="M-40 {y}q42-34 85 0t85 0t85 0t85 0t85 0V420H-40z" fill="{colour}" opacity=".{faint}"/>"#
            ),
        );
    }
}

fn hills(svg: &mut String, shape: &str, light: &str) {
    put(svg, format_args!(r#"<circle cx="86" cy="96" r="40" fill="{light}"/>"#));
    put(
        svg,
        format_args!(r#"<path d="M0 420V250L92 150l80 92 54-58 74 86v150z" fill="{shape}" opacity=".55"/>"#),
    );
    put(svg, format_args!(r#"<path d="M0 420v-96q90-70 170-18t130-22v136z" fill="{shape}"/>"#));
    put(svg, format_args!(r#"<path d="M92 150l22 25-12 8-12-9-14 10-10-4z" fill="{light}" opacity=".85"/>"#));
    put(svg, format_args!(r#"<path d="M0 388q80-26 150-8t150-10v50H0z" fill="{light}" opacity=".18"/>"#));
}

fn windows(svg: &mut String, shape: &str, light: &str) {
    put(svg, format_args!(r#"<path d="M34 420V72h232v348z" fill="{shape}"/>"#));
    for (n, (x, y)) in (0..20_u32).map(|n| (n, (58 + (n % 4) * 50, 102 + (n / 4) * 58))) {
        let opacity = if n * 7 % 11 < 4 { "1" } else { ".16" };
        put(
            svg,
            format_args!(
                r#"<rect x="{x}" y="{y}" width="32" height="40" rx="3" fill="{light}" opacity="{opacity}"/>"#
            ),
        );
    }
}

fn rays(svg: &mut String, shape: &str, light: &str) {
    put(svg, format_args!(r#"<path d="M150 150L-80 40v190z" fill="{light}" opacity=".5"/>"#));
    put(svg, format_args!(r#"<path d="M150 150L390 60v170z" fill="{light}" opacity=".28"/>"#));
    put(svg, format_args!(r#"<path d="M120 420l14-250h32l14 250z" fill="{shape}"/>"#));
    put(svg, format_args!(r#"<path d="M128 172h44v-40h-44zM124 132h52l-26-30z" fill="{shape}"/>"#));
    put(svg, format_args!(r#"<circle cx="150" cy="152" r="15" fill="{light}"/>"#));
    put(svg, format_args!(r#"<path d="M0 420v-40q75-30 150-10t150-6v56z" fill="{shape}" opacity=".85"/>"#));
}

fn rails(svg: &mut String, shape: &str, light: &str) {
    put(svg, format_args!(r#"<path d="M0 420V210h300v210z" fill="{shape}"/>"#));
    for n in 0..9_u32 {
        let y = 222 + n * n * 5 / 2;
        let half = 10 + n * 15;
        let (x, width, height) = (150 - half.min(150), half * 2, 3 + n);
        put(
            svg,
            format_args!(
                r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{light}" opacity=".22"/>"#
            ),
        );
    }
    put(
        svg,
        format_args!(r#"<path d="M146 210L40 420h18l92-210zM154 210l106 210h-18L150 210z" fill="{light}"/>"#),
    );
    put(
        svg,
        format_args!(
            r#"<circle cx="150" cy="168" r="20" fill="{light}"/><circle cx="150" cy="168" r="44" fill="{light}" opacity=".2"/>"#
        ),
    );
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_film_has_a_poster_of_its_own() {
        let mut posters: Vec<String> = crate::films::films().iter().map(super::poster).collect();
        assert!(posters.iter().all(|svg| svg.starts_with("<svg") && svg.ends_with("</svg>")));
        posters.sort();
        posters.dedup();
        assert_eq!(posters.len(), crate::films::films().len());
    }
}
