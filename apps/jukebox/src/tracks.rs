//! The tracks, all of them invented, and silent: what plays is the time.

/// A track.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) title: &'static str,
    pub(crate) by: &'static str,
    /// How long it is, in seconds.
    pub(crate) seconds: u32,
    /// The colour of its sleeve.
    pub(crate) colour: [u8; 3],
}

const fn track(title: &'static str, by: &'static str, seconds: u32, colour: [u8; 3]) -> Track {
    Track { title, by, seconds, colour }
}

/// All there are.
pub(crate) static TRACKS: [Track; 10] = [
    track("Harbour Waltz", "The Slow Ferries", 214, [38, 92, 120]),
    track("Harbour Waltz (slow, for practising)", "The Slow Ferries", 371, [60, 120, 140]),
    track("Lanterns Over Mud", "Orla & the Tides", 188, [140, 88, 40]),
    track("Nine Minutes to Midnight Tram", "Depot Ensemble", 243, [86, 60, 130]),
    track("My Left Shoe", "Uncle Parsnip", 155, [160, 70, 60]),
    track("Snow, Second Draft", "Milena H.", 302, [110, 130, 150]),
    track("Kitchen Radio Blues", "Bea and the Kettles", 199, [150, 110, 30]),
    track("What the Lighthouse Said", "Sunniva", 266, [40, 110, 90]),
    track("Elevator to the Sea", "Depot Ensemble", 221, [50, 70, 140]),
    track("Goodnight, Compost", "Uncle Parsnip", 133, [80, 110, 50]),
];

/// `3:34`.
pub(crate) fn clock(seconds: u32) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// What is on, and how far it is.
#[derive(Default)]
pub(crate) struct Player {
    at: usize,
    seconds: f32,
    pub(crate) playing: bool,
}

impl Player {
    pub(crate) fn track(&self) -> &'static Track {
        &TRACKS[self.at % TRACKS.len()]
    }

    pub(crate) fn is_at(&self, track: &Track) -> bool {
        std::ptr::eq(self.track(), track)
    }

    /// How far it is, from 0 to 1.
    pub(crate) fn share(&self) -> f32 {
        self.seconds / self.track().seconds as f32
    }

    pub(crate) fn clock(&self) -> String {
        clock(self.seconds as u32)
    }

    pub(crate) fn play(&mut self, number: usize) {
        *self = Player { at: number % TRACKS.len(), seconds: 0.0, playing: true };
    }

    pub(crate) fn next(&mut self) {
        self.play(self.at + 1);
    }

    pub(crate) fn previous(&mut self) {
        self.play(self.at + TRACKS.len() - 1);
    }

    /// Time goes by; at the end of a track comes the next.
    pub(crate) fn pass(&mut self, seconds: f32) {
        if !self.playing {
            return;
        }
        self.seconds += seconds;
        if self.seconds >= self.track().seconds as f32 {
            self.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_track_follows_the_other_and_the_first_the_last() {
        let mut player = Player::default();
        player.pass(1_000.0);
        assert_eq!(player.clock(), "0:00", "nothing plays yet");
        player.play(TRACKS.len() - 1);
        player.pass(61.0);
        assert_eq!(player.clock(), "1:01");
        player.pass(100.0);
        assert!(player.is_at(&TRACKS[0]) && player.playing);
        player.previous();
        assert!(player.is_at(&TRACKS[TRACKS.len() - 1]));
    }
}
