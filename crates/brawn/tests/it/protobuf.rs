//! Protocol buffers as they are on the wire, read without the code that wrote them.
//!
//! Source: protobuf.dev, "Encoding".

/// A message: its fields, in order.
#[derive(Clone, Debug)]
pub(crate) struct Message(Vec<(u64, Field)>);

#[derive(Clone, Debug)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Message {
    pub(crate) fn parse(mut bytes: &[u8]) -> Message {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let field = match key & 7 {
                0 => Field::Number(varint(&mut bytes)),
                1 => Field::Number(u64::from_le_bytes(take(&mut bytes, 8).try_into().expect("8"))),
                2 => {
                    let length = varint(&mut bytes);
                    Field::Bytes(take(&mut bytes, usize::try_from(length).expect("short")).to_vec())
                }
                5 => {
                    let four = take(&mut bytes, 4).try_into().expect("4");
                    Field::Number(u64::from(u32::from_le_bytes(four)))
                }
                other => panic!("there is no wire type {other}"),
            };
            fields.push((key >> 3, field));
        }
        Message(fields)
    }

    fn all(&self, number: u64) -> impl Iterator<Item = &Field> {
        self.0.iter().filter(move |(own, _)| *own == number).map(|(_, field)| field)
    }

    pub(crate) fn has(&self, number: u64) -> bool {
        self.all(number).next().is_some()
    }

    fn bytes(&self, number: u64) -> &[u8] {
        match self.all(number).last() {
            Some(Field::Bytes(bytes)) => bytes,
            None => &[],
            other => panic!("field {number} is {other:?}"),
        }
    }

    /// An integer or the bits of a float; 0 when it is left out.
    pub(crate) fn number(&self, number: u64) -> u64 {
        match self.all(number).last() {
            Some(Field::Number(value)) => *value,
            None => 0,
            other => panic!("field {number} is {other:?}"),
        }
    }

    pub(crate) fn text(&self, number: u64) -> String {
        String::from_utf8(self.bytes(number).to_vec()).expect("UTF-8")
    }

    pub(crate) fn hex(&self, number: u64) -> String {
        self.bytes(number).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn message(&self, number: u64) -> Message {
        Message::parse(self.bytes(number))
    }

    pub(crate) fn messages(&self, number: u64) -> Vec<Message> {
        let parse = |field: &Field| match field {
            Field::Bytes(bytes) => Message::parse(bytes),
            other => panic!("field {number} is {other:?}"),
        };
        self.all(number).map(parse).collect()
    }
}

fn take<'b>(bytes: &mut &'b [u8], length: usize) -> &'b [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for place in 0..10 {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return value;
        }
    }
    panic!("a number of more than 64 bits");
}
