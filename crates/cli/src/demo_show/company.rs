//! Who is in the show.

use openprod_core::FieldType;

use super::draw::Draw;
use super::{DemoField, DemoTable, DemoValue};

/// A member of the company.
pub(super) struct Person {
    pub(super) first_name: &'static str,
    family_name: &'static str,
    pub(super) role: &'static str,
    pub(super) department: &'static str,
    mailbox: String,
    phone: String,
    day_rate: f64,
    joined_day: i32,
    active: bool,
}

impl Person {
    /// Whether the audience sees or hears this person do it.
    pub(super) fn performs(&self) -> bool {
        self.department == "Cast" || self.department == "Band"
    }
}

const DEPARTMENTS: &[&str] = &[
    "Cast",
    "Band",
    "Stage Management",
    "Lighting",
    "Sound",
    "Flys",
    "Automation",
    "Wardrobe",
    "Production",
];

/// Role, department, and what a day of it is paid at least.
const POSTS: [(&str, &str, i64); 60] = [
    ("Singer", "Cast", 210),
    ("Singer", "Cast", 210),
    ("Singer, dance captain", "Cast", 225),
    ("Storyteller", "Cast", 230),
    ("Actor", "Cast", 195),
    ("Actor", "Cast", 195),
    ("Actor, fight captain", "Cast", 205),
    ("Aerialist", "Cast", 240),
    ("Aerialist", "Cast", 240),
    ("Dancer", "Cast", 190),
    ("Dancer", "Cast", 190),
    ("Puppeteer", "Cast", 200),
    ("Swing", "Cast", 185),
    ("Swing", "Cast", 185),
    ("Understudy", "Cast", 175),
    ("Musical director, piano", "Band", 290),
    ("Violin", "Band", 215),
    ("Cello", "Band", 215),
    ("Accordion", "Band", 215),
    ("Double bass", "Band", 215),
    ("Clarinet and saxophone", "Band", 220),
    ("Drums and percussion", "Band", 225),
    ("Company stage manager", "Stage Management", 260),
    ("Stage manager", "Stage Management", 235),
    ("Deputy stage manager", "Stage Management", 215),
    ("Assistant stage manager", "Stage Management", 175),
    ("Assistant stage manager", "Stage Management", 175),
    ("Lighting designer", "Lighting", 310),
    ("Head of lighting", "Lighting", 235),
    ("Lighting programmer", "Lighting", 225),
    ("Follow spot operator", "Lighting", 160),
    ("Follow spot operator", "Lighting", 160),
    ("Dimmer and data technician", "Lighting", 170),
    ("Sound designer", "Sound", 300),
    ("Head of sound", "Sound", 235),
    ("Sound no. 2, radio microphones", "Sound", 185),
    ("Monitor engineer", "Sound", 195),
    ("Head flyman", "Flys", 205),
    ("Deputy flyman", "Flys", 180),
    ("Flyman", "Flys", 155),
    ("Head rigger", "Flys", 220),
    ("Head of automation", "Automation", 240),
    ("Automation operator", "Automation", 190),
    ("Automation technician", "Automation", 175),
    ("Costume designer", "Wardrobe", 290),
    ("Head of wardrobe", "Wardrobe", 210),
    ("Dresser", "Wardrobe", 150),
    ("Dresser", "Wardrobe", 150),
    ("Wigs and make-up", "Wardrobe", 195),
    ("Director", "Production", 340),
    ("Associate director", "Production", 250),
    ("Choreographer", "Production", 295),
    ("Set designer", "Production", 310),
    ("Production manager", "Production", 285),
    ("Technical manager", "Production", 250),
    ("Head carpenter", "Production", 205),
    ("Stage carpenter", "Production", 165),
    ("Props supervisor", "Production", 190),
    ("Tour booker", "Production", 200),
    ("Lorry driver and loader", "Production", 180),
];

const FIRST_NAMES: &[&str] = &[
    "Ada", "Aisling", "Amara", "Anders", "Anneke", "Arjun", "Beatriz", "Benedikt", "Bronwen", "Callum",
    "Carys", "Cécile", "Chidi", "Dafydd", "Dalia", "Desmond", "Dilys", "Dorota", "Edie", "Eilidh", "Emeka",
    "Esther", "Farida", "Fergus", "Fintan", "Freya", "Gethin", "Giulia", "Gwen", "Hamish", "Hana", "Harriet",
    "Idris", "Ines", "Ingrid", "Isaac", "Ivo", "Jamila", "Joaquín", "Jonas", "Kasper", "Keiko", "Kofi",
    "Lachlan", "Leila", "Lotte", "Luca", "Maeve", "Magnus", "Marisol", "Mateusz", "Meera", "Mirela", "Morag",
    "Nadia", "Niamh", "Nils", "Oona", "Orla", "Oscar", "Padma", "Piotr", "Priya", "Ragnhild", "Rhys",
    "Roisin", "Ruben", "Rufus", "Sabine", "Samir", "Saoirse", "Sefa", "Silke", "Solveig", "Tadeo", "Tamsin",
    "Theo", "Tobias", "Una", "Viktor", "Winifred", "Yusuf", "Zeynep", "Zofia",
];

const FAMILY_NAMES: &[&str] = &[
    "Abernethy",
    "Achebe",
    "Adeyemi",
    "Ahlgren",
    "Ashdown",
    "Balogun",
    "Banerjee",
    "Barraclough",
    "Bellweather",
    "Birtwell",
    "Blackadder",
    "Brannigan",
    "Cadwallader",
    "Carrow",
    "Castellano",
    "Chaudhry",
    "Coldbeck",
    "Corrigan",
    "Costa",
    "Dankworth",
    "Delacroix",
    "Drummond",
    "Ekström",
    "Endacott",
    "Farquhar",
    "Fairweather",
    "Fenwick",
    "Ferreira",
    "Galbraith",
    "Gascoyne",
    "Goldsmith",
    "Grünwald",
    "Hakimi",
    "Halloran",
    "Hargreaves",
    "Haverstock",
    "Hayashi",
    "Holloway",
    "Ibáñez",
    "Iqbal",
    "Jankowski",
    "Jellicoe",
    "Kavanagh",
    "Kettlewell",
    "Kowalczyk",
    "Lachance",
    "Langrish",
    "Lindqvist",
    "Llewellyn",
    "Lovelace",
    "MacAskill",
    "Marchetti",
    "Mensah",
    "Merriweather",
    "Molyneux",
    "Mukherjee",
    "Nakagawa",
    "Naughton",
    "Nightingale",
    "Novak",
    "O'Driscoll",
    "Okafor",
    "Okonjo",
    "Oyelaran",
    "Papadaki",
    "Pemberton",
    "Penhaligon",
    "Petrescu",
    "Quigley",
    "Quartermaine",
    "Rasmussen",
    "Rao",
    "Redfern",
    "Rosenthal",
    "Sandoval",
    "Sarpong",
    "Sinclair",
    "Skelton",
    "Sørensen",
    "Stavros",
    "Sutcliffe",
    "Tamaki",
    "Thistlewood",
    "Tregenza",
    "Underhill",
    "Vandermeer",
    "Varga",
    "Wainwright",
    "Whitlock",
    "Winterbourne",
    "Yıldız",
    "Zielinska",
];

/// Engages someone for every post.
pub(super) fn engage(draw: &mut Draw) -> Vec<Person> {
    let first_names = draw.order(FIRST_NAMES.len());
    let family_names = draw.order(FAMILY_NAMES.len());
    // Ofcom keeps 07700 900000 to 900999 for fiction.
    let phones = draw.order(1_000);
    POSTS
        .iter()
        .enumerate()
        .map(|(index, (role, department, rate))| {
            let first_name = FIRST_NAMES[first_names[index]];
            let family_name = FAMILY_NAMES[family_names[index]];
            Person {
                first_name,
                family_name,
                role,
                department,
                mailbox: format!("{}.{}", plain_letters(first_name), plain_letters(family_name)),
                phone: format!("+44 7700 900{:03}", phones[index]),
                day_rate: (rate + 5 * draw.between(0, 8)) as f64 + if draw.chance(25) { 2.5 } else { 0.0 },
                joined_day: JOINED_FIRST_DAY + draw.between(0, JOINED_DAYS) as i32,
                active: !draw.chance(8),
            }
        })
        .collect()
}

pub(super) fn table(people: &[Person]) -> DemoTable {
    let row = |person: &Person| {
        vec![
            DemoValue::text(format!("{} {}", person.first_name, person.family_name)),
            DemoValue::text(person.role),
            DemoValue::choice(person.department),
            DemoValue::text(format!("{}@{MAIL_DOMAIN}", person.mailbox)),
            DemoValue::text(person.phone.clone()),
            DemoValue::float(person.day_rate),
            DemoValue::date(person.joined_day),
            DemoValue::boolean(person.active),
        ]
    };
    DemoTable {
        name: "People",
        fields: vec![
            DemoField::new("name", FieldType::Text),
            DemoField::new("role", FieldType::Text),
            DemoField::choice("department", DEPARTMENTS),
            DemoField::new("email", FieldType::Text),
            DemoField::new("phone", FieldType::Text),
            DemoField::new("day_rate", FieldType::Float),
            DemoField::new("joined", FieldType::Date),
            DemoField::new("active", FieldType::Boolean),
        ],
        rows: people.iter().map(row).collect(),
    }
}

/// A domain that can never exist (RFC 2606).
const MAIL_DOMAIN: &str = "lanterncompany.example";

/// 2022-01-03, when the company was founded.
const JOINED_FIRST_DAY: i32 = 18_995;

/// To the end of October 2026, when rehearsals begin.
const JOINED_DAYS: i64 = 1_762;

/// A name as it stands in a mail address.
fn plain_letters(name: &str) -> String {
    let plain = |letter| match letter {
        'á' | 'à' => 'a',
        'é' => 'e',
        'í' | 'ı' => 'i',
        'ñ' => 'n',
        'ö' | 'ø' => 'o',
        'ü' => 'u',
        other => other,
    };
    name.to_lowercase()
        .chars()
        .map(plain)
        .filter(char::is_ascii_alphabetic)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_a_mail_address() {
        for name in FIRST_NAMES.iter().chain(FAMILY_NAMES) {
            let letters = name.chars().filter(|letter| letter.is_alphabetic()).count();
            assert_eq!(plain_letters(name).len(), letters, "{name}");
        }
    }

    #[test]
    fn every_post_is_in_a_department() {
        assert!(
            POSTS
                .iter()
                .all(|(_, department, _)| DEPARTMENTS.contains(department))
        );
    }
}
