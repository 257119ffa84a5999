//! What control clients read: guards, notifications, output and its flow, subscriptions.

use super::*;

/// A control client attached to `work`.
struct Reader {
    id: ClientId,
    read: usize,
}

impl World {
    fn control(&mut self, line: &str) -> Reader {
        let id = ClientId(self.next_client);
        self.next_client += 1;
        let hello = ClientHello { control: 1, ..World::hello(words(line)) };
        self.event(Event::ClientConnected { client: id, hello });
        Reader { id, read: 0 }
    }

    fn type_line(&mut self, reader: &Reader, line: &str) {
        let bytes = format!("{line}\n");
        self.event(Event::ClientStdin { client: reader.id, bytes: Some(bytes.as_bytes()) });
    }

    /// New lines of a reader, the times and numbers of guards taken out. Each is confirmed as written.
    fn lines(&mut self, reader: &mut Reader) -> Vec<String> {
        let lines = self.unconfirmed(reader);
        let last = self.effects.iter().rev().find_map(|e| match e {
            Effect::Control { client, seq, .. } if *client == reader.id => Some(*seq),
            _ => None,
        });
        if let Some(seq) = last {
            self.event(Event::ControlWritten { client: reader.id, seq });
        }
        lines
    }

    fn unconfirmed(&mut self, reader: &mut Reader) -> Vec<String> {
        let mut text = String::new();
        for e in &self.effects {
            match e {
                Effect::Control { client, bytes, .. } if *client == reader.id => {
                    text.push_str(&String::from_utf8_lossy(bytes));
                }
                Effect::Detach { client, message } if *client == reader.id => {
                    text.push_str(&format!("<left {message}>\n"));
                }
                _ => {}
            }
        }
        let all: Vec<String> = text.lines().map(without_numbers).collect();
        let new = all[reader.read..].to_vec();
        reader.read = all.len();
        new
    }
}

fn without_numbers(line: &str) -> String {
    let mut words = line.split(' ');
    match words.next() {
        Some(word @ ("%begin" | "%end" | "%error")) => format!("{word} {}", words.nth(2).unwrap_or("")),
        _ => line.to_owned(),
    }
}

#[test]
fn commands_stand_between_guards_and_notifications_follow_them() {
    let mut w = World::with_session();
    let mut r = w.control("attach -t work");
    assert_eq!(w.lines(&mut r), ["%begin 0", "%end 0", "%session-changed $0 work"]);
    w.type_line(&r, "display -p one ; display -p two");
    assert_eq!(w.lines(&mut r), ["%begin 1", "one", "%end 1", "%begin 1", "two", "%end 1"]);
    w.type_line(&r, "new-window -n made");
    let got = w.lines(&mut r);
    assert_eq!(got, ["%begin 1", "%end 1", "%window-add @1", "%session-window-changed $0 @1"]);
    w.type_line(&r, "rename-window other ; rename-session play");
    let got = w.lines(&mut r);
    let want =
        ["%begin 1", "%end 1", "%window-renamed @1 other", "%begin 1", "%end 1", "%session-renamed $0 play"];
    assert_eq!(got, want);
    w.type_line(&r, "list-windows -t nowhere");
    assert_eq!(w.lines(&mut r), ["%begin 1", "can't find session: nowhere", "%error 1"]);
    w.type_line(&r, "nonsense here");
    assert_eq!(w.lines(&mut r), ["%begin 1", "parse error: unknown command: nonsense", "%error 1"]);
    w.ok("new-session -d -s far");
    let got = w.lines(&mut r);
    assert_eq!(got, ["%unlinked-window-add @2", "%sessions-changed"]);
    w.ok("kill-window -t play:1");
    let got = w.lines(&mut r);
    assert_eq!(got, ["%unlinked-window-close @1", "%session-window-changed $0 @0"]);
    w.type_line(&r, "detach-client");
    assert_eq!(w.lines(&mut r), ["%begin 1", "%end 1", "<left >"]);
}

#[test]
fn a_line_waits_for_the_commands_of_the_line_before() {
    let mut w = World::with_session();
    let mut r = w.control("attach");
    w.lines(&mut r);
    let both = b"wait-for a\nnonsense\n";
    w.event(Event::ClientStdin { client: r.id, bytes: Some(both) });
    assert_eq!(w.lines(&mut r), ["%begin 1", "%end 1"]);
    w.ok("wait-for -S a");
    assert_eq!(w.lines(&mut r), ["%begin 1", "parse error: unknown command: nonsense", "%error 1"]);
}

#[test]
fn output_is_escaped_and_a_client_that_does_not_read_holds_up_nobody() {
    let mut w = World::with_session();
    let mut r = w.control("attach");
    w.lines(&mut r);
    w.output(0, "a\\b\r\n");
    assert_eq!(w.lines(&mut r), ["%output %0 a\\134b\\015\\012"]);
    w.type_line(&r, "refresh-client -f pause-after=5");
    w.lines(&mut r);
    w.output(0, "x");
    assert_eq!(w.lines(&mut r), ["%extended-output %0 0 : x"]);
    // It takes what is in flight and then reads no more: after the time the pane is paused.
    for _ in 0..40 {
        w.output(0, &"y".repeat(4096));
    }
    w.after(6000);
    w.output(0, "z");
    let held: usize = w.mux.clients[&r.id].control.as_ref().map_or(0, |c| c.queued());
    assert!(held < 100, "{held} bytes are kept for a paused pane");
    let got = w.lines(&mut r);
    assert!(!got.iter().any(|l| l.ends_with('z')), "{got:?}");
    w.lines(&mut r);
    w.output(0, "lost");
    w.type_line(&r, "refresh-client -A '%0:continue'");
    let got = w.lines(&mut r);
    assert!(got.ends_with(&["%begin 1".into(), "%continue %0".into(), "%end 1".into()]), "{got:?}");
    w.output(0, "back");
    assert_eq!(w.lines(&mut r), ["%extended-output %0 0 : back"]);
}

#[test]
fn without_pause_after_a_client_too_far_behind_is_sent_away() {
    let mut w = World::with_session();
    let mut r = w.control("attach");
    w.lines(&mut r);
    for _ in 0..5 {
        w.output(0, &"y".repeat(32 << 10));
    }
    w.after(301_000);
    w.output(0, "z");
    assert_eq!(w.unconfirmed(&mut r).last().map(String::as_str), Some("<left too far behind>"));
    assert_eq!(w.ok("list-clients"), "");
}

#[test]
fn subscriptions_tell_changes_once_and_the_size_counts_when_it_was_told() {
    let mut w = World::with_session();
    let mut r = w.control("attach");
    assert_eq!(w.show("#{window_width}x#{window_height}"), "80x24");
    w.type_line(&r, "refresh-client -C 100,30");
    assert_eq!(w.show("#{window_width}x#{window_height}"), "100x30");
    w.type_line(&r, "refresh-client -B 'n:%*:#{pane_title}' ; refresh-client -B 's::#{session_name}'");
    assert_eq!(w.lines(&mut r).iter().filter(|l| l.starts_with("%error")).count(), 0);
    w.after(1000);
    let got = w.lines(&mut r);
    assert_eq!(
        got,
        ["%subscription-changed n $0 @0 0 %0 : hostA", "%subscription-changed s $0 - - - : work"]
    );
    w.after(1000);
    assert_eq!(w.lines(&mut r), [""; 0]);
    w.ok("select-pane -T new");
    w.after(1000);
    assert_eq!(w.lines(&mut r), ["%subscription-changed n $0 @0 0 %0 : new"]);
    w.event(Event::ClientStdin { client: r.id, bytes: None });
    assert_eq!(w.lines(&mut r), ["<left >"]);
}
