//! A file's text, decoded and watched.
//!
//! The csv crate takes text apart into cells; it is lenient, and it does not bound a record. This reader stands before
//! it, follows the same rules of quoting, and ends in a [`TextFault`] where they are broken: a quote that is never
//! closed would otherwise swallow the rest of a file. It also knows on which line each record begins.

use std::collections::VecDeque;
use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult};

use super::RECORD_BYTES_MAX;
use super::csv_error::TextFault;
use super::encoding::TextEncoding;

/// A reader of UTF-8 text whose quoting is sound.
pub(super) struct RecordStream<R> {
    source: DecodedSource<R>,
    text: Vec<u8>,
    served: usize,
    watch: Watch,
    at_beginning: bool,
}

impl<R: Read> RecordStream<R> {
    pub(super) fn new(source: R, encoding: TextEncoding, delimiter: u8) -> Self {
        Self {
            source: DecodedSource::new(source, encoding),
            text: Vec::new(),
            served: 0,
            watch: Watch::new(delimiter),
            at_beginning: true,
        }
    }

    /// The line on which the next record begins that this was not called for yet. To be called once for each record
    /// that was read from this stream; blank lines are no records.
    pub(super) fn next_record_line(&mut self) -> u64 {
        self.watch.record_lines.pop_front().unwrap_or(self.watch.line)
    }

    /// How many bytes of the file have been read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.source.bytes_read
    }

    /// Decodes and watches some more text; false at the end.
    fn advance(&mut self) -> Result<bool, StreamError> {
        self.served = 0;
        let more = self
            .source
            .decode_into(&mut self.text)
            .map_err(|error| match error {
                DecodeError::Io(error) => StreamError::Io(error),
                DecodeError::Malformed(encoding) => {
                    // What was decoded before shows on which line the fault is.
                    match self.watch.observe(&self.text) {
                        Ok(()) => StreamError::Fault(TextFault::Malformed {
                            encoding,
                            line: self.watch.line,
                        }),
                        Err(fault) => StreamError::Fault(fault),
                    }
                }
            })?;
        // More than one mark is an accident of tools that add them; the csv crate would take off the second.
        while self.at_beginning && self.text[self.served..].starts_with(BYTE_ORDER_MARK) {
            self.served += BYTE_ORDER_MARK.len();
        }
        self.at_beginning &= self.served == self.text.len();
        self.watch.observe(&self.text[self.served..])?;
        if !more {
            self.watch.finish()?;
        }
        Ok(more)
    }
}

impl<R: Read> Read for RecordStream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.served == self.text.len() {
            if !self.advance()? && self.served == self.text.len() {
                return Ok(0);
            }
        }
        let count = buffer.len().min(self.text.len() - self.served);
        buffer[..count].copy_from_slice(&self.text[self.served..self.served + count]);
        self.served += count;
        Ok(count)
    }
}

/// Decodes the beginning of a file, about `length` bytes of it.
pub(super) fn decode_sample<R: Read>(source: R, encoding: TextEncoding, length: usize) -> io::Result<String> {
    let mut source = DecodedSource::new(source, encoding);
    let mut sample = Vec::new();
    let mut text = Vec::new();
    while sample.len() < length {
        let more = match source.decode_into(&mut text) {
            Ok(more) => more,
            Err(DecodeError::Io(error)) => return Err(error),
            // Whoever reads the file to its end reports it, with its line.
            Err(DecodeError::Malformed(_)) => false,
        };
        sample.extend_from_slice(&text);
        if !more {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&sample)
        .trim_start_matches('\u{FEFF}')
        .to_owned())
}

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// How much of a file is decoded at a time.
const CHUNK_BYTES: usize = 64 << 10;

enum DecodeError {
    Io(io::Error),
    Malformed(&'static str),
}

enum StreamError {
    Io(io::Error),
    Fault(TextFault),
}

impl From<TextFault> for StreamError {
    fn from(fault: TextFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StreamError> for io::Error {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Io(error) => error,
            StreamError::Fault(fault) => Self::new(io::ErrorKind::InvalidData, fault),
        }
    }
}

/// A file's bytes as UTF-8, whole characters at a time.
struct DecodedSource<R> {
    source: R,
    encoding: TextEncoding,
    decoder: Decoder,
    raw: Box<[u8]>,
    raw_start: usize,
    raw_end: usize,
    source_ended: bool,
    bytes_read: u64,
}

impl<R: Read> DecodedSource<R> {
    fn new(source: R, encoding: TextEncoding) -> Self {
        Self {
            source,
            encoding,
            decoder: encoding.decoder(),
            raw: vec![0; CHUNK_BYTES].into_boxed_slice(),
            raw_start: 0,
            raw_end: 0,
            source_ended: false,
            bytes_read: 0,
        }
    }

    /// Replaces `text` by what comes next; false when nothing comes after it.
    fn decode_into(&mut self, text: &mut Vec<u8>) -> Result<bool, DecodeError> {
        text.clear();
        if self.source_ended && self.raw_start == self.raw_end {
            return Ok(false);
        }
        if self.raw_start == self.raw_end {
            self.raw_start = 0;
            self.raw_end = self.read_source().map_err(DecodeError::Io)?;
            self.bytes_read += self.raw_end as u64;
            self.source_ended = self.raw_end == 0;
        }
        text.resize(CHUNK_BYTES, 0);
        let raw = &self.raw[self.raw_start..self.raw_end];
        let (result, read, written) =
            self.decoder
                .decode_to_utf8_without_replacement(raw, text, self.source_ended);
        text.truncate(written);
        self.raw_start += read;
        match result {
            DecoderResult::InputEmpty => Ok(!self.source_ended),
            DecoderResult::OutputFull => Ok(true),
            DecoderResult::Malformed(..) => Err(DecodeError::Malformed(self.encoding.name())),
        }
    }

    fn read_source(&mut self) -> io::Result<usize> {
        loop {
            match self.source.read(&mut self.raw) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

/// Where in a record a byte stands; the same states as in csv-core, so that both see the same records.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    RecordStart,
    CellStart,
    BareCell,
    QuotedCell,
    /// After a quote in a quoted cell: the first of two, or the closing one.
    QuoteInQuoted,
    /// After the closing quote and white space.
    AfterQuoted,
}

/// Follows the records of a text.
struct Watch {
    delimiter: u8,
    place: Place,
    line: u64,
    after_return: bool,
    record_line: u64,
    record_bytes: usize,
    quote_line: u64,
    record_lines: VecDeque<u64>,
}

impl Watch {
    fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            place: Place::RecordStart,
            line: 1,
            after_return: false,
            record_line: 1,
            record_bytes: 0,
            quote_line: 1,
            record_lines: VecDeque::new(),
        }
    }

    fn observe(&mut self, text: &[u8]) -> Result<(), TextFault> {
        for &byte in text {
            self.step(byte)?;
            let (is_return, is_feed) = (byte == b'\r', byte == b'\n');
            self.line += u64::from(is_return || is_feed && !self.after_return);
            self.after_return = is_return;
        }
        Ok(())
    }

    fn step(&mut self, byte: u8) -> Result<(), TextFault> {
        let is_end = byte == b'\n' || byte == b'\r';
        if byte == 0 {
            return Err(TextFault::Nul { line: self.line });
        }
        if self.place == Place::RecordStart {
            if is_end {
                return Ok(());
            }
            self.place = Place::CellStart;
            self.record_line = self.line;
            self.record_bytes = 0;
            self.record_lines.push_back(self.line);
        }
        self.place = match (self.place, byte) {
            (Place::QuotedCell, b'"') => Place::QuoteInQuoted,
            (Place::QuotedCell, _) => Place::QuotedCell,
            (Place::QuoteInQuoted, b'"') => Place::QuotedCell,
            _ if is_end => Place::RecordStart,
            (_, byte) if byte == self.delimiter => Place::CellStart,
            (Place::CellStart, b'"') => {
                self.quote_line = self.line;
                Place::QuotedCell
            }
            (Place::QuoteInQuoted | Place::AfterQuoted, b' ' | b'\t') => Place::AfterQuoted,
            (Place::QuoteInQuoted | Place::AfterQuoted, _) => {
                return Err(TextFault::TextAfterQuote { line: self.line });
            }
            _ => Place::BareCell,
        };
        if self.place != Place::RecordStart {
            self.record_bytes += 1;
            if self.record_bytes > RECORD_BYTES_MAX {
                return Err(TextFault::RecordTooLong {
                    line: self.record_line,
                });
            }
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), TextFault> {
        match self.place {
            Place::QuotedCell => Err(TextFault::UnclosedQuote {
                line: self.quote_line,
            }),
            _ => Ok(()),
        }
    }
}
