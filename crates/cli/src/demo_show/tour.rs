//! Where the show goes, and when.

use openprod_core::value::DateTime;
use openprod_core::{FieldType, Value};

use super::draw::Draw;
use super::{DemoField, DemoTable, DemoValue, VENUES};

/// A venue on the tour.
pub(super) struct Stop {
    house: &'static str,
    town: &'static str,
    country: &'static str,
    offset_minutes: i16,
    capacity: i64,
    stage_width_m: f64,
    stage_depth_m: f64,
    load_in: Moment,
    has_orchestra_pit: bool,
    access: &'static str,
}

/// An evening or afternoon on which the show is given.
pub(super) struct Performance {
    stop: usize,
    curtain_up: Moment,
    status: &'static str,
    tickets_sold: i64,
    notes: &'static str,
}

/// A minute on a day, by the clock of the place.
#[derive(Clone, Copy)]
struct Moment {
    day: i32,
    minute: i64,
    offset_minutes: i16,
}

impl Moment {
    fn value(self) -> DemoValue {
        let minutes = i64::from(self.day) * 1_440 + self.minute - i64::from(self.offset_minutes);
        DemoValue::Value(Value::DateTime(DateTime {
            micros: minutes * 60_000_000,
            offset_minutes: self.offset_minutes,
        }))
    }
}

/// Town, country, and how far its clocks are ahead of UTC in winter, in minutes. The tour is over before summer time.
const TOWNS: [(&str, &str, i16); 24] = [
    ("Harrowby Quay", "England", 0),
    ("Stennick", "England", 0),
    ("Great Alderbourne", "England", 0),
    ("Wexcombe", "England", 0),
    ("Thornley Cross", "England", 0),
    ("Marlingford", "England", 0),
    ("Saltersby", "England", 0),
    ("Eastwater Regis", "England", 0),
    ("Castle Penhallow", "England", 0),
    ("Duncairn", "Scotland", 0),
    ("Inverlaggan", "Scotland", 0),
    ("Strathmuir", "Scotland", 0),
    ("Kirkbrae", "Scotland", 0),
    ("Abermorlais", "Wales", 0),
    ("Llanferran", "Wales", 0),
    ("Ballycorran", "Ireland", 0),
    ("Kilmorna", "Ireland", 0),
    ("Port Averill", "Ireland", 0),
    ("Oosterdam aan Zee", "Netherlands", 60),
    ("Wijkeren", "Netherlands", 60),
    ("Saint-Aubrac", "Belgium", 60),
    ("Lindenbrück", "Germany", 60),
    ("Altmarienhagen", "Germany", 60),
    ("Nørrevig", "Denmark", 60),
];

/// Where the tour crosses to the Continent.
const FIRST_ABROAD: usize = 18;

const HOUSES_AT_HOME: &[&str] = &[
    "Theatre Royal",
    "Corn Exchange",
    "The Lyceum",
    "Alhambra",
    "Empire",
    "Playhouse",
    "Assembly Rooms",
    "The Maltings",
    "Civic Hall",
    "Opera House",
    "Hippodrome",
    "Pavilion Theatre",
    "The Drill Hall",
    "Gaiety",
    "The Ropeworks",
    "Winter Gardens",
    "Grand Theatre",
    "The Tramshed",
    "Kursaal",
    "Palace Theatre",
];

const HOUSES_ABROAD: &[&str] = &[
    "Stadsschouwburg",
    "De Vlashal",
    "Théâtre du Port",
    "Stadttheater",
    "Kulturscheune",
    "Gamle Teater",
    "De Kaai",
];

const ACCESS: &[&str] = &[
    "Level dock, two lorries side by side",
    "Scene dock on the street, no parking after 08:00",
    "Goods lift 2.4 × 5.1 m; the long truss goes over the balcony",
    "Ramp, 1 in 8, slippery when wet",
    "Dock shared with the market until 10:00",
    "Straight onto the stage from the car park",
    "Low bridge on the main road: come in from the north",
    "Six steps; local crew of eight booked",
];

/// Puts the towns in the order of the tour and a house in each: one every three days.
pub(super) fn route(draw: &mut Draw) -> Vec<Stop> {
    let home = draw.order(FIRST_ABROAD);
    let abroad = draw
        .order(TOWNS.len() - FIRST_ABROAD)
        .into_iter()
        .map(|town| town + FIRST_ABROAD);
    let houses_at_home = draw.order(HOUSES_AT_HOME.len());
    let houses_abroad = draw.order(HOUSES_ABROAD.len());
    home.into_iter()
        .chain(abroad)
        .enumerate()
        .map(|(index, town)| {
            let (town, country, offset_minutes) = TOWNS[town];
            let house = if index < FIRST_ABROAD {
                HOUSES_AT_HOME[houses_at_home[index]]
            } else {
                HOUSES_ABROAD[houses_abroad[index - FIRST_ABROAD]]
            };
            let capacity = draw.between(28, 190) * 10;
            Stop {
                house,
                town,
                country,
                offset_minutes,
                capacity,
                stage_width_m: (80 + capacity / 28 + draw.between(-8, 24)) as f64 / 10.0,
                stage_depth_m: (60 + capacity / 40 + draw.between(-5, 18)) as f64 / 10.0,
                load_in: Moment {
                    day: TOUR_FIRST_DAY + 3 * index as i32,
                    minute: 60 * draw.between(7, 10) + *draw.pick(&[0, 30]),
                    offset_minutes,
                },
                has_orchestra_pit: capacity > 700 && draw.chance(70),
                access: draw.pick::<&str>(ACCESS),
            }
        })
        .collect()
}

const STATUSES: &[&str] = &[
    "Played",
    "Confirmed",
    "On sale",
    "Sold out",
    "Pencilled",
    "Cancelled",
];

const NOTES: &[&str] = &[
    "",
    "",
    "",
    "",
    "",
    "Relaxed performance: house lights at 20 %, no strobe",
    "Captioned, unit stage left",
    "British Sign Language interpreter in the second wing",
    "Audio described, touch tour at 17:30",
    "School groups in the stalls, interval may run long",
    "Post-show talk, leave the working light on",
    "Half the flying bars are hemp: allow an hour more",
    "No haze, detectors cannot be isolated",
    "Trap not available, Nightjar plays from the wagon",
    "Local crew call moved to 17:00",
];

/// Gives two performances at each stop: on two evenings, or as matinee and evening of one day.
pub(super) fn schedule(stops: &[Stop], draw: &mut Draw) -> Vec<Performance> {
    let mut performances = Vec::new();
    for (index, stop) in stops.iter().enumerate() {
        let evening = 60 * 19 + *draw.pick(&[0, 15, 30, 30, 45]);
        let first = if draw.chance(30) {
            (1, 60 * 14 + *draw.pick(&[0, 30]))
        } else {
            (0, evening)
        };
        for (days_later, minute) in [first, (1, evening)] {
            let curtain_up = Moment {
                day: stop.load_in.day + days_later,
                minute,
                offset_minutes: stop.offset_minutes,
            };
            let (status, tickets_sold) = sales(index, stop.capacity, draw);
            performances.push(Performance {
                stop: index,
                curtain_up,
                status,
                tickets_sold,
                notes: draw.pick::<&str>(NOTES),
            });
        }
    }
    performances
}

/// How far along a performance is: the tour is a third over.
fn sales(stop: usize, capacity: i64, draw: &mut Draw) -> (&'static str, i64) {
    let share = |percent: i64| capacity * percent / 100;
    match (stop, draw.below(100)) {
        (_, 0..=2) => ("Cancelled", 0),
        (0..=7, _) => ("Played", share(draw.between(48, 100))),
        (8..=19, 0..=19) => ("Sold out", capacity),
        (8..=13, _) => ("On sale", share(draw.between(35, 96))),
        (14..=19, _) => ("On sale", share(draw.between(8, 60))),
        (_, 0..=59) => ("Confirmed", 0),
        _ => ("Pencilled", 0),
    }
}

pub(super) fn venue_table(stops: &[Stop]) -> DemoTable {
    let row = |stop: &Stop| {
        vec![
            DemoValue::text(format!("{}, {}", stop.house, stop.town)),
            DemoValue::text(stop.town),
            DemoValue::text(stop.country),
            DemoValue::integer(stop.capacity),
            DemoValue::float(stop.stage_width_m),
            DemoValue::float(stop.stage_depth_m),
            stop.load_in.value(),
            DemoValue::boolean(stop.has_orchestra_pit),
            DemoValue::text(stop.access),
        ]
    };
    DemoTable {
        name: "Venues",
        fields: vec![
            DemoField::new("name", FieldType::Text),
            DemoField::new("city", FieldType::Text),
            DemoField::new("country", FieldType::Text),
            DemoField::new("capacity", FieldType::Integer),
            DemoField::new("stage_width_m", FieldType::Float),
            DemoField::new("stage_depth_m", FieldType::Float),
            DemoField::new("load_in", FieldType::DateTime),
            DemoField::new("has_orchestra_pit", FieldType::Boolean),
            DemoField::new("access", FieldType::Text),
        ],
        rows: stops.iter().map(row).collect(),
    }
}

pub(super) fn performance_table(performances: &[Performance]) -> DemoTable {
    let row = |performance: &Performance| {
        vec![
            DemoValue::date(performance.curtain_up.day),
            performance.curtain_up.value(),
            DemoValue::Row {
                table: VENUES,
                row: performance.stop,
            },
            DemoValue::choice(performance.status),
            DemoValue::integer(performance.tickets_sold),
            DemoValue::remark(performance.notes),
        ]
    };
    DemoTable {
        name: "Performances",
        fields: vec![
            DemoField::new("date", FieldType::Date),
            DemoField::new("curtain_up", FieldType::DateTime),
            DemoField::new("venue", FieldType::Entity),
            DemoField::choice("status", STATUSES),
            DemoField::new("tickets_sold", FieldType::Integer),
            DemoField::new("notes", FieldType::Text),
        ],
        rows: performances.iter().map(row).collect(),
    }
}

/// Tuesday 2027-01-12.
const TOUR_FIRST_DAY: i32 = 20_830;
