//! What is called from the prompt desk.

use std::collections::BTreeMap;

use openprod_core::FieldType;

use super::company::Person;
use super::draw::Draw;
use super::repertoire::{Item, Part};
use super::{DemoField, DemoTable, DemoValue, PROGRAMME};

/// A cue of an evening.
pub(super) struct Cue {
    item: usize,
    number: f64,
    department: &'static str,
    label: String,
    page: i64,
    standby: String,
    tenths: i64,
}

const DEPARTMENTS: &[&str] = &["LX", "SND", "FLY", "AUTO"];

/// How often each department has a cue: lighting has most.
const DEPARTMENT_OF_NUMBER: &[&str] = &[
    "LX", "LX", "LX", "LX", "LX", "SND", "SND", "SND", "FLY", "FLY", "AUTO",
];

/// In these, `{lead}` is the first name of whoever leads the item.
const LX: &[&str] = &[
    "Follow spots pick up {lead}",
    "Lantern string up, left to right",
    "Cold side light, snap",
    "Cyc to first light",
    "Slow fade to one lamp on {lead}",
    "Rain ripple on the floor",
    "Practicals on in the signal box",
    "Footlights only",
    "Harbour night, moon box 60 %",
    "Amber wash for the reel",
    "Blackout on the button",
    "Restore after blackout, 3 count",
    "Band desks to glow",
    "Lighthouse sweep, running",
    "Lighthouse sweep stops on {lead}",
    "Back light through haze, tight",
    "Audience blinders at 15 %, no more",
    "Candle flicker, downstage left",
    "Dawn through the window, 90 count",
    "Specials off, wash to 40 %",
    "Silk special, open white",
    "Snow gobos, slow rotation",
];

const SND: &[&str] = &[
    "Radio mic up: {lead}",
    "Rain loop in under the verse",
    "Ferry horn, house left",
    "Gulls out over eight bars",
    "Train passes, upstage left to right",
    "Reverb tail on the last word",
    "Clock ticking, on stage speaker only",
    "Clock stops",
    "Band foldback up for the reel",
    "Telephone rings, practical",
    "Wind through the pier, low",
    "Voice-over: the harbourmaster",
    "Radio mic down: {lead}",
    "Music box, from the trunk",
    "Applause ride, bring the band through",
    "Thunder, on {lead}'s look up",
];

const FLY: &[&str] = &[
    "Harbour cloth in to dead",
    "Harbour cloth out",
    "Gauze in, slow",
    "Gauze out on the bow",
    "Window flies in, watch {lead}",
    "Moon in to low dead",
    "Snow bag, start swing",
    "Silk in on {lead}'s hand",
    "Silk out when clear",
    "Lantern bar to head height",
    "Signal box roof in",
    "Half black in behind the band",
];

const AUTO: &[&str] = &[
    "Revolve 90° clockwise, slow",
    "Revolve to home",
    "Trap lift down with {lead}",
    "Trap lift to stage level",
    "Pier wagon on from stage left",
    "Pier wagon off, clear of the tabs",
    "Aerial winch to 4.2 m, {lead} clipped on",
    "Aerial winch to floor",
    "Bed truck on, brakes confirmed",
];

/// When a cue is called.
const CALLS: &[&str] = &[
    "on {lead}'s last word",
    "as {lead} turns upstage",
    "on the second bar of the vamp",
    "when the cloth is clear of the floor",
    "with the drum fill",
    "on the applause, not before",
    "as the hat goes on",
    "on the intake of breath before the verse",
    "when {lead} reaches the mark, visual",
    "as the accordion stops",
    "on the slam of the trunk",
    "follows on",
    "with the blackout",
    "when clear, green light from the flys",
    "on \"and nobody came\"",
    "on \"mind the step\"",
    "at bar 32",
];

/// Department, label and call of the cues that every evening has.
const OPENING: &[(&str, &str, &str)] = &[
    (
        "LX",
        "House to half, preset glow out",
        "on front of house clearance",
    ),
    (
        "SND",
        "Overture: band open, announcement faded",
        "with house to half",
    ),
    ("FLY", "House tabs out", "at bar 8 of the overture"),
];
const INTERVAL: &[(&str, &str, &str)] = &[
    ("LX", "House lights up, warm", "on the applause, tabs in"),
    ("SND", "Interval music", "when the house lights are full"),
];
const FINALE: &[(&str, &str, &str)] = &[
    ("LX", "All lamps lit, build over 16 bars", "with the band's entry"),
    ("LX", "Bows, bump on each line", "on the button"),
    ("FLY", "House tabs in", "on {lead}'s wave"),
];

/// Writes the cue sheet of every performance, in the order in which its cues are called.
pub(super) fn write(items: &[Item], people: &[Person], draw: &mut Draw) -> Vec<Cue> {
    let mut cues = Vec::new();
    let mut sheet = Sheet::default();
    let mut performance = None;
    for (index, item) in items.iter().enumerate() {
        if performance.replace(item.performance) != Some(item.performance) {
            sheet = Sheet::default();
        }
        sheet.page += draw.between(2, 4);
        let lead = item.lead.map_or("the company", |lead| people[lead].first_name);
        let templates = match item.part {
            Part::Opening => OPENING.to_vec(),
            Part::Interval => INTERVAL.to_vec(),
            Part::Finale => FINALE.to_vec(),
            Part::Number => invent(2 + draw.below(2), draw),
        };
        for (department, label, call) in templates {
            let number = sheet.next_number(department, draw);
            cues.push(Cue {
                item: index,
                number,
                department,
                label: label.replace("{lead}", lead),
                page: sheet.page,
                standby: format!("Stand by {department} {number}: {}", call.replace("{lead}", lead)),
                tenths: *draw.pick(&[0, 5, 10, 20, 30, 30, 50, 50, 80, 120, 200, 450]),
            });
            sheet.page += i64::from(draw.chance(30));
        }
    }
    cues
}

/// Some cues, no two of them alike.
fn invent(count: usize, draw: &mut Draw) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut cues: Vec<(&str, &str, &str)> = Vec::new();
    while cues.len() < count {
        let department = *draw.pick(DEPARTMENT_OF_NUMBER);
        let labels = match department {
            "LX" => LX,
            "SND" => SND,
            "FLY" => FLY,
            _ => AUTO,
        };
        let (label, call) = (*draw.pick(labels), *draw.pick(CALLS));
        if cues.iter().all(|cue| cue.1 != label && cue.2 != call) {
            cues.push((department, label, call));
        }
    }
    cues
}

/// How far the sheet of one performance is written.
#[derive(Default)]
struct Sheet {
    page: i64,
    /// The last number of each department, in tenths.
    numbers: BTreeMap<&'static str, i64>,
}

impl Sheet {
    /// Mostly the next whole number; now and then a point cue that was put in between at a rehearsal.
    fn next_number(&mut self, department: &'static str, draw: &mut Draw) -> f64 {
        let last = self.numbers.entry(department).or_default();
        *last = if *last > 0 && *last % 10 == 0 && draw.chance(12) {
            *last + 5
        } else {
            (*last / 10 + 1) * 10
        };
        *last as f64 / 10.0
    }
}

pub(super) fn table(cues: &[Cue]) -> DemoTable {
    let row = |cue: &Cue| {
        vec![
            DemoValue::float(cue.number),
            DemoValue::choice(cue.department),
            DemoValue::text(cue.label.clone()),
            DemoValue::integer(cue.page),
            DemoValue::text(cue.standby.clone()),
            DemoValue::tenths(cue.tenths),
            DemoValue::Row {
                table: PROGRAMME,
                row: cue.item,
            },
        ]
    };
    DemoTable {
        name: "Cues",
        fields: vec![
            DemoField::new("number", FieldType::Float),
            DemoField::choice("department", DEPARTMENTS),
            DemoField::new("label", FieldType::Text),
            DemoField::new("page", FieldType::Integer),
            DemoField::new("standby", FieldType::Text),
            DemoField::new("duration", FieldType::Duration),
            DemoField::new("programme_item", FieldType::Entity),
        ],
        rows: cues.iter().map(row).collect(),
    }
}
