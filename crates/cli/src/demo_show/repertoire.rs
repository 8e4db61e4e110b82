//! What is played: an evening put together anew from a repertoire, as the house and the company allow.

use openprod_core::FieldType;

use super::company::Person;
use super::draw::Draw;
use super::tour::Performance;
use super::{DemoField, DemoTable, DemoValue, PEOPLE, PERFORMANCES};

/// What the show may be called.
pub(super) const SHOW_TITLES: &[&str] = &[
    "The Lantern Year",
    "Nightjar and the Tide",
    "Salt, Rope and Candle",
    "The Last Ferry Home",
    "A Cabinet of Weathers",
    "The Clockmaker's Winter",
];

/// One point of an evening's programme.
pub(super) struct Item {
    pub(super) performance: usize,
    position: i64,
    pub(super) title: String,
    pub(super) part: Part,
    tenths: i64,
    pub(super) lead: Option<usize>,
}

/// What an item is to the evening.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Opening,
    Number,
    Interval,
    Finale,
}

/// Title, and how many seconds it takes.
const NUMBERS: [(&str, i64); 32] = [
    ("The Ferryman's Daughter", 265),
    ("Nightjar", 310),
    ("Letters from the Lighthouse", 420),
    ("A Waltz for the Harbourmaster", 235),
    ("Seven Herrings and a Hat", 190),
    ("The Clockmaker's Winter", 385),
    ("Rope Duet", 275),
    ("What the Tide Brought In", 330),
    ("Mrs Pargeter's Umbrella", 215),
    ("Lanterns on the Ice", 295),
    ("Signal Box at Midnight", 350),
    ("The Girl Who Swallowed the Moon", 480),
    ("Quayside Reel", 180),
    ("Silk Descent", 260),
    ("Lullaby for a Night Watchman", 225),
    ("The Fox in the Organ Loft", 340),
    ("Paper Boats", 205),
    ("An Argument with the Weather", 305),
    ("The Tin Parade", 245),
    ("Home by the Coal Road", 320),
    ("Marionette with Broken String", 285),
    ("The Barrel Organist", 230),
    ("Two Suitcases", 395),
    ("Salt Hymn", 250),
    ("The Understudy's Complaint", 195),
    ("Candle, Candle", 175),
    ("The Snow Machine", 270),
    ("Tango in Oilskins", 240),
    ("The Shadow Ferry", 410),
    ("Late Train to Kirkbrae", 255),
    ("The Beekeeper's Ghost", 365),
    ("Telegram, No Reply", 290),
];

const OPENINGS: &[(&str, i64)] = &[
    ("Overture and Lamplighting", 380),
    ("Prologue: The Empty Pier", 340),
];

const FINALES: &[(&str, i64)] = &[("Finale: All Lamps Lit", 470), ("Finale: The Last Ferry", 510)];

const VERSIONS: &[&str] = &[
    "short version",
    "with local choir",
    "without trap",
    "reprise after the bows cut",
];

/// Makes the programme of every performance: twelve and thirteen items in turn.
pub(super) fn programme(performances: &[Performance], people: &[Person], draw: &mut Draw) -> Vec<Item> {
    let performers: Vec<_> = (0..people.len())
        .filter(|index| people[*index].performs())
        .collect();
    // A number stays with whoever rehearsed it; now and then someone covers.
    let leads: Vec<_> = NUMBERS.iter().map(|_| *draw.pick(&performers)).collect();
    let musical_director = people
        .iter()
        .position(|person| person.role.starts_with("Musical director"));
    let mut items = Vec::new();
    for performance in 0..performances.len() {
        let mut position = 0;
        let mut add = |title: String, part, seconds: i64, lead, draw: &mut Draw| {
            position += 1;
            let deviation = if part == Part::Interval {
                0
            } else {
                draw.between(-12, 18)
            };
            let tenths = 10 * (seconds + deviation);
            items.push(Item {
                performance,
                position,
                title,
                part,
                tenths,
                lead,
            });
        };
        let numbers = draw.order(NUMBERS.len());
        let count = 9 + performance % 2;
        let (title, seconds) = *draw.pick(OPENINGS);
        add(title.to_owned(), Part::Opening, seconds, musical_director, draw);
        for (index, number) in numbers.into_iter().take(count).enumerate() {
            if index == count.div_ceil(2) {
                add("Interval".to_owned(), Part::Interval, 1_200, None, draw);
            }
            let (title, seconds) = NUMBERS[number];
            let title = if draw.chance(6) {
                format!("{title} ({})", draw.pick(VERSIONS))
            } else {
                title.to_owned()
            };
            let lead = if draw.chance(10) {
                *draw.pick(&performers)
            } else {
                leads[number]
            };
            add(title, Part::Number, seconds, Some(lead), draw);
        }
        let (title, seconds) = *draw.pick(FINALES);
        let lead = *draw.pick(&performers);
        add(title.to_owned(), Part::Finale, seconds, Some(lead), draw);
    }
    items
}

pub(super) fn table(items: &[Item]) -> DemoTable {
    let row = |item: &Item| {
        vec![
            DemoValue::Row {
                table: PERFORMANCES,
                row: item.performance,
            },
            DemoValue::integer(item.position),
            DemoValue::text(item.title.clone()),
            DemoValue::tenths(item.tenths),
            item.lead
                .map_or(DemoValue::remark(""), |row| DemoValue::Row { table: PEOPLE, row }),
        ]
    };
    DemoTable {
        name: "Programme",
        fields: vec![
            DemoField::new("performance", FieldType::Entity),
            DemoField::new("position", FieldType::Integer),
            DemoField::new("title", FieldType::Text),
            DemoField::new("duration", FieldType::Duration),
            DemoField::new("lead", FieldType::Entity),
        ],
        rows: items.iter().map(row).collect(),
    }
}
