//! The lines between this program and the runner: a verb, then name=value words.

pub struct Words(Vec<(String, String)>);

impl Words {
    pub fn parse(line: &str) -> (&str, Words) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let pairs = rest.split(' ').filter_map(|word| word.split_once('='));
        (verb, Words(pairs.map(|(name, value)| (name.into(), value.into())).collect()))
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |pair| pair.0 == name).map(|pair| pair.1.as_str())
    }

    pub fn get<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// The value of a word that the command always has.
    pub fn need<'a>(&'a self, name: &'a str) -> &'a str {
        self.get(name).unwrap_or_else(|| panic!("{name} is missing"))
    }

    pub fn is(&self, name: &str) -> bool {
        self.get(name) == Some("1")
    }

    pub fn qos(&self) -> u8 {
        self.need("qos").parse().expect("a QoS")
    }
}
