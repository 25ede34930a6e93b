//! The window: music to the left, chats to the right.
//!
//! Invariant: everything in it can be reached by keyboard; it draws what the chat knows, and wishes for the rest.

use crate::chat::{Chat, Line as ChatLine, Standing, called};
use crate::line::{Line, Wish};
use crate::tracks::{Player, TRACKS, Track, clock};
use eframe::egui::{
    Align, Align2, Button, CentralPanel, Color32, Context, FontId, Frame, Key, Layout, Panel, ProgressBar,
    RichText, ScrollArea, Sense, TextEdit, Ui, vec2,
};
use std::time::{Duration, Instant};

/// How often the others are told that she is typing, at most.
const TYPING: Duration = Duration::from_secs(4);

/// The colour of what is chosen.
const ACCENT: Color32 = Color32::from_rgb(32, 104, 136);
/// How far what is in a panel stands from its edge.
const MARGIN: f32 = 14.0;

pub(crate) struct Jukebox {
    line: Line,
    player: Player,
    chat: Chat,
    /// The conversation whose messages were asked for.
    asked: Option<String>,
    told_typing: Option<Instant>,
    /// Where the keyboard goes as soon as it is drawn.
    focus: Focus,
}

#[derive(PartialEq, Eq)]
enum Focus {
    Nowhere,
    SignIn,
    Draft,
}

impl Jukebox {
    pub(crate) fn new(line: Line, context: &Context) -> Jukebox {
        context.all_styles_mut(|style| {
            style.spacing.item_spacing = vec2(8.0, 8.0);
            style.spacing.button_padding = vec2(12.0, 7.0);
            style.spacing.interact_size.y = 32.0;
            style.visuals.weak_text_alpha = 0.8;
            style.visuals.selection.bg_fill = ACCENT;
            style.visuals.selection.stroke.color = Color32::WHITE;
        });
        let (player, chat) = (Player::default(), Chat::default());
        Jukebox { line, player, chat, asked: None, told_typing: None, focus: Focus::SignIn }
    }

    fn hear(&mut self) {
        let news: Vec<_> = self.line.news().collect();
        for one in news {
            self.chat.hear(one);
        }
        if self.chat.open != self.asked {
            self.asked = self.chat.open.clone();
            self.focus = Focus::Draft;
            if let Some(open) = self.asked.clone().filter(|_| !self.chat.is_read()) {
                self.line.wish(Wish::Read(open));
            }
        }
    }
}

impl eframe::App for Jukebox {
    fn logic(&mut self, context: &Context, _: &mut eframe::Frame) {
        self.hear();
        if self.player.playing {
            self.player.pass(context.input(|input| input.stable_dt).min(1.0));
            context.request_repaint_after(Duration::from_millis(250));
        }
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        self.draw(ui);
    }
}

impl Jukebox {
    fn draw(&mut self, ui: &mut Ui) {
        let frame = Frame::new().fill(ui.visuals().panel_fill).inner_margin(MARGIN);
        Panel::bottom("player").resizable(false).frame(frame).show(ui, |ui| self.playing(ui));
        let chat = Panel::right("chat").default_size(400.0).min_size(300.0);
        chat.frame(frame.fill(ui.visuals().extreme_bg_color)).show(ui, |ui| match &self.chat.standing {
            Standing::In { .. } => self.signed_in(ui),
            _ => self.signed_out(ui),
        });
        CentralPanel::default_margins().frame(frame).show(ui, |ui| self.tracks(ui));
    }
}

/// Music.
impl Jukebox {
    fn tracks(&mut self, ui: &mut Ui) {
        ui.heading("Tracks");
        ui.label(RichText::new("Invented, and silent: what plays is the time.").weak());
        ui.add_space(6.0);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            for (number, track) in TRACKS.iter().enumerate() {
                let on = self.player.is_at(track) && self.player.playing;
                ui.horizontal(|ui| {
                    sleeve(ui, track, 40.0);
                    let text = format!("{}\n{} · {}", track.title, track.by, clock(track.seconds));
                    let size = vec2(ui.available_width(), 44.0);
                    let to_the_left = Layout::top_down_justified(Align::Min);
                    let row = |ui: &mut Ui| ui.add(Button::selectable(on, text).min_size(size));
                    if ui.allocate_ui_with_layout(size, to_the_left, row).inner.clicked() {
                        self.player.play(number);
                    }
                });
            }
        });
    }

    fn playing(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            let track = self.player.track();
            sleeve(ui, track, 48.0);
            ui.vertical(|ui| {
                ui.label(RichText::new(track.title).strong().size(16.0));
                ui.label(RichText::new(track.by).weak());
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.button("Next").clicked() {
                    self.player.next();
                }
                let word = if self.player.playing { "Pause" } else { "Play" };
                if ui.button(RichText::new(word).strong()).clicked() {
                    self.player.playing = !self.player.playing;
                }
                if ui.button("Back").clicked() {
                    self.player.previous();
                }
                ui.label(format!("{} / {}", self.player.clock(), clock(track.seconds)));
            });
        });
        ui.add(ProgressBar::new(self.player.share()).desired_height(6.0));
    }
}

/// The sleeve of a record.
fn sleeve(ui: &mut Ui, track: &Track, side: f32) {
    let (place, _) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    let [red, green, blue] = track.colour;
    let painter = ui.painter_at(place);
    painter.rect_filled(place, 6.0, Color32::from_rgb(red, green, blue));
    painter.circle_filled(place.center(), side * 0.32, Color32::from_black_alpha(150));
    painter.circle_filled(place.center(), side * 0.09, Color32::from_white_alpha(200));
    let initial = track.title.chars().next().unwrap_or(' ');
    let (at, font) = (place.left_bottom() + vec2(4.0, -2.0), FontId::proportional(side * 0.24));
    painter.text(at, Align2::LEFT_BOTTOM, initial, font, Color32::WHITE);
}

/// Chats.
impl Jukebox {
    fn signed_out(&mut self, ui: &mut Ui) {
        ui.heading("Chats");
        self.notice(ui);
        match &self.chat.standing {
            Standing::Waiting(url) => {
                ui.label("Your browser is open at Waxseal. Decide there, and come back.");
                ui.label(RichText::new("Did nothing open? Go there yourself:").weak());
                let url = url.clone();
                if ui.button("Copy the address").clicked() {
                    ui.ctx().copy_text(url);
                }
                if ui.button("Never mind").clicked() {
                    self.line.wish(Wish::Never);
                }
            }
            Standing::Unknown => {
                ui.label(RichText::new("Looking whether you are signed in…").weak());
            }
            _ => {
                ui.label("Talk about what is on without leaving it.");
                ui.label(
                    RichText::new(
                        "Jukebox will ask for the conversations that are started from here, the last three days of \
                         them. All your others do not exist for it.",
                    )
                    .weak(),
                );
                ui.add_space(6.0);
                let sign_in = ui.button(RichText::new("Sign in with Waxseal").strong());
                if self.focus == Focus::SignIn {
                    sign_in.request_focus();
                    self.focus = Focus::Nowhere;
                }
                if sign_in.clicked() {
                    self.line.wish(Wish::SignIn);
                }
            }
        }
    }

    fn notice(&mut self, ui: &mut Ui) {
        let Some(notice) = &self.chat.notice else { return };
        let mut read = false;
        Frame::new().fill(ui.visuals().extreme_bg_color).corner_radius(8.0).inner_margin(8.0).show(
            ui,
            |ui| {
                ui.horizontal_wrapped(|ui| {
                    ui.label(RichText::new(notice).color(ui.visuals().warn_fg_color));
                    read = ui.button("I see").clicked();
                });
            },
        );
        if read {
            self.chat.notice = None;
        }
    }

    fn signed_in(&mut self, ui: &mut Ui) {
        let Standing::In { person, name } = &self.chat.standing else { return };
        let (own, name) = (person.clone(), name.clone());
        ui.horizontal(|ui| {
            ui.heading("Chats");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if ui.button("Sign out").on_hover_text("What you let Jukebox do stands").clicked() {
                    self.line.wish(Wish::SignOut);
                }
                if ui.button("End access").on_hover_text("Jukebox may do nothing any more").clicked() {
                    self.line.wish(Wish::HandBack);
                }
                ui.label(RichText::new(name).weak());
            });
        });
        self.notice(ui);
        if self.chat.paused {
            ui.label(
                RichText::new("You paused Jukebox in Waxseal. It shows nothing new meanwhile.").italics(),
            );
        }
        self.shelf(ui, own.as_deref());
        self.begin(ui);
        ui.separator();
        self.talk(ui);
    }

    /// The conversations that were started from here.
    fn shelf(&mut self, ui: &mut Ui, own: Option<&str>) {
        if self.chat.conversations.is_empty() {
            ui.label(RichText::new("None was started from here yet.").weak());
        }
        let mut opened = None;
        ScrollArea::vertical().id_salt("shelf").max_height(120.0).show(ui, |ui| {
            for conversation in &self.chat.conversations {
                let is_open = self.chat.open.as_ref() == Some(&conversation.id);
                if ui.selectable_label(is_open, called(conversation, own)).clicked() {
                    opened = Some(conversation.id.clone());
                }
            }
        });
        if opened.is_some() {
            self.chat.open = opened;
        }
    }

    /// Begins a conversation about what is on.
    fn begin(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            let width = (ui.available_width() - 150.0).max(80.0);
            let friends =
                TextEdit::singleline(&mut self.chat.friends).hint_text("@ben @chiyo").desired_width(width);
            let field = ui.add(friends);
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            let button = ui
                .button("Talk about this")
                .on_hover_text("Starts a conversation about the track that is on");
            let words = self.chat.friends.split(|c: char| c.is_whitespace() || c == ',');
            let words = words.filter(|word| !word.is_empty());
            let friends: Vec<String> =
                words.map(|word| format!("@{}", word.trim_start_matches('@'))).collect();
            if (button.clicked() || entered) && !friends.is_empty() {
                self.chat.friends.clear();
                self.line.wish(Wish::Start { friends, track: self.player.track() });
            }
        });
    }

    /// The open conversation, and what is being written in it.
    fn talk(&mut self, ui: &mut Ui) {
        let Some(open) = self.chat.open.clone() else { return };
        Panel::bottom("draft")
            .resizable(false)
            .show_separator_line(false)
            .show(ui, |ui| self.draft(ui, &open));
        let lines = self.chat.lines();
        let mut deleted = None;
        ScrollArea::vertical().id_salt(&open).auto_shrink(false).stick_to_bottom(true).show(ui, |ui| {
            if !self.chat.is_read() {
                ui.label(RichText::new("Reading…").weak());
            }
            for line in &lines {
                if said(ui, line) {
                    deleted = Some(line.seq);
                }
            }
            if let Some(who) = self.chat.typing(Instant::now()) {
                ui.label(RichText::new(format!("{who} is typing…")).weak().italics());
                ui.ctx().request_repaint_after(Duration::from_secs(1));
            }
        });
        if let Some(seq) = deleted {
            self.line.wish(Wish::Delete { conversation: open, seq });
        }
    }

    fn draft(&mut self, ui: &mut Ui, open: &str) {
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            let width = (ui.available_width() - 80.0).max(80.0);
            let draft =
                TextEdit::singleline(&mut self.chat.draft).hint_text("Write to them").char_limit(20_000);
            let field = ui.add(draft.desired_width(width));
            if self.focus == Focus::Draft {
                field.request_focus();
                self.focus = Focus::Nowhere;
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            if (ui.button("Send").clicked() || entered) && !self.chat.draft.trim().is_empty() {
                let text = std::mem::take(&mut self.chat.draft).trim().to_owned();
                self.line.wish(Wish::Send { conversation: open.to_owned(), text });
                self.told_typing = None;
                field.request_focus();
            } else if field.changed() && self.told_typing.is_none_or(|at| at.elapsed() > TYPING) {
                self.told_typing = Some(Instant::now());
                self.line.wish(Wish::Typing(open.to_owned()));
            }
        });
    }
}

/// Draws a line; is it to be deleted?
fn said(ui: &mut Ui, line: &ChatLine) -> bool {
    if line.held {
        ui.label(RichText::new(format!("({})", line.said)).weak().italics());
        return false;
    }
    let mut deleted = false;
    let fill = if line.own { ACCENT.gamma_multiply(0.45) } else { ui.visuals().faint_bg_color };
    Frame::new().fill(fill).corner_radius(10.0).inner_margin(8.0).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.label(RichText::new(&line.who).strong().small());
            ui.label(RichText::new(&line.at).weak().small());
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let delete = ui.push_id(line.seq, |ui| ui.small_button("Delete")).inner;
                deleted = delete.on_hover_text("You can restore it in Waxseal for 30 days").clicked();
            });
        });
        ui.label(&line.said);
    });
    deleted
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
