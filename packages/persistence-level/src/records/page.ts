import { type ByteReader, DamagedRecord } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { type PagePrefix, Prefix } from './keys.ts';
import { type QueueEntry, readQueueEntry, skipQueueEntry, writeQueueEntry } from './records.ts';

/** Places of a page: sequences of a queue, or packet identifiers. */
export const placesPerPage = 32;

/** What lies at a place. In changes, null is nothing, and undefined what it was before. */
export type Place = QueueEntry | null | undefined;

/** At most 32, by place within the page. Holes are undefined. */
export type Places = Place[];

/** A queued message of which only PUBREL is owed. */
export const releasedEntry: QueueEntry = Object.freeze({
  message: 0,
  qos: 2,
  retain: false,
  released: true,
  subscriptionIdentifiers: Object.freeze([]),
});

/** A packet identifier that is held. */
export const heldIdentifier: QueueEntry = releasedEntry;

export function pageOf(number: number): number {
  return Math.floor(number / placesPerPage);
}

/** Of the entries of a page, what is live, or 32 bits of identifiers. False when nothing is: no page is written then. */
export function writePage(writer: ByteWriter, prefix: PagePrefix, places: Places): boolean {
  return prefix === Prefix.queue ? writeQueuePage(writer, places) : writeBits(writer, places);
}

function writeQueuePage(writer: ByteWriter, places: Places): boolean {
  let isLive = false;
  for (let place = 0; place < places.length; place++) {
    const entry = places[place];
    if (entry === undefined || entry === null) continue;
    isLive = true;
    writeQueueEntry(writer.byte(place), entry);
  }
  return isLive;
}

function writeBits(writer: ByteWriter, places: Places): boolean {
  let bits = 0;
  for (let place = 0; place < places.length; place++) {
    if (places[place]) bits |= 1 << place;
  }
  writer.integer(bits >>> 0);
  return bits !== 0;
}

/** Throws DamagedRecord. */
export function readPage(reader: ByteReader, prefix: PagePrefix): Places {
  const places: Places = [];
  if (prefix === Prefix.queue) {
    while (!reader.atEnd) {
      const place = reader.byte();
      if (place >= placesPerPage) throw new DamagedRecord('it has too many places');
      places[place] = readQueueEntry(reader);
    }
    return places;
  }
  const bits = reader.integer();
  for (let place = 0; place < placesPerPage; place++) {
    if (bits & (1 << place)) places[place] = heldIdentifier;
  }
  return places;
}

/** The message that each place of a queue's page refers to, 0 once it was released; `noMessage` where nothing is. */
export type PageMessages = Float64Array;

export const noMessage = -1;

/** Reads only those out of a page, and makes no object for an entry: a start reads a million. Throws DamagedRecord. */
export function readPageMessages(reader: ByteReader, messages: PageMessages): PageMessages {
  messages.fill(noMessage);
  while (!reader.atEnd) {
    const place = reader.byte();
    if (place >= placesPerPage) throw new DamagedRecord('it has too many places');
    messages[place] = skipQueueEntry(reader);
  }
  return messages;
}

/** The same out of a page that was read already. */
export function messagesOf(places: Readonly<Places>, messages: PageMessages): PageMessages {
  for (let place = 0; place < placesPerPage; place++) {
    messages[place] = places[place]?.message ?? noMessage;
  }
  return messages;
}

/** Puts later changes over earlier ones, or over a page. */
export function changePlaces(places: Places, changes: Readonly<Places>): void {
  for (let place = 0; place < changes.length; place++) {
    const change = changes[place];
    if (change !== undefined) places[place] = change;
  }
}

/** The same over messages that were read alone. */
export function changeMessages(messages: PageMessages, changes: Readonly<Places>): void {
  for (let place = 0; place < changes.length; place++) {
    const change = changes[place];
    if (change !== undefined) messages[place] = change?.message ?? noMessage;
  }
}
