//! The films, all of them invented.

use serde::Deserialize;
use std::sync::LazyLock;

/// A film.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Film {
    /// Its name in addresses.
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) year: u16,
    pub(crate) minutes: u16,
    pub(crate) genre: String,
    pub(crate) by: String,
    /// What it is, in a line.
    pub(crate) line: String,
    pub(crate) story: String,
    /// Ground, shape and light of its poster.
    pub(crate) colours: [String; 3],
    pub(crate) motif: Motif,
}

/// What is drawn on a poster.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Motif {
    Moon,
    Waves,
    Hills,
    Windows,
    Rays,
    Rails,
}

static FILMS: LazyLock<Vec<Film>> =
    LazyLock::new(|| serde_json::from_str(include_str!("films.json")).unwrap_or_default());

/// Every film.
pub(crate) fn films() -> &'static [Film] {
    &FILMS
}

/// The film of that name.
pub(crate) fn film(slug: &str) -> Option<&'static Film> {
    films().iter().find(|film| film.slug == slug)
}

/// Every genre, once, in the order of the alphabet.
pub(crate) fn genres() -> Vec<&'static str> {
    let mut genres: Vec<&str> = films().iter().map(|film| film.genre.as_str()).collect();
    genres.sort_unstable();
    genres.dedup();
    genres
}

/// The films of a genre whose title, maker or line has the words in it; no words and no genre: all.
pub(crate) fn found(words: &str, genre: &str) -> Vec<&'static Film> {
    let words = words.trim().to_lowercase();
    let is_found = |film: &&Film| {
        (genre.is_empty() || film.genre == genre)
            && [&film.title, &film.by, &film.line].iter().any(|text| text.to_lowercase().contains(&words))
    };
    films().iter().filter(is_found).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_films_are_read_and_each_is_found_by_its_name() {
        assert_eq!(films().len(), 12);
        for one in films() {
            assert!(std::ptr::eq(film(&one.slug).unwrap(), one), "{}", one.slug);
            assert!(one.slug.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", one.slug);
        }
    }

    #[test]
    fn words_and_a_genre_narrow_the_list() {
        assert_eq!(found("", "").len(), 12);
        assert_eq!(found(" LIGHTHOUSE ", "").len(), 1);
        assert!(found("", "Comedy").iter().all(|film| film.genre == "Comedy"));
        assert!(found("no such film", "").is_empty());
    }
}
