import { Buffer } from 'node:buffer';
import { ReasonCode } from '@sluice/packet';
import type { ConnectionInfo, Proceed } from '@sluice/plugin';
import { describe, expect, it } from 'vitest';
import { ScramExchanges, type ScramLogins } from '../src/scram/scram-exchanges.ts';
import { parseScramKeys, type ScramKeys } from '../src/scram/scram-keys.ts';
import { clientOf, stepOf } from './fakes.ts';
import { keysOf, readChallenge, ScramClient } from './scram-client.ts';

function usersOf(stored: Record<string, string>): Map<string, ScramKeys> {
  const entries = Object.entries(stored);
  return new Map(entries.map(([name, text]) => [name, parseScramKeys(text) as ScramKeys]));
}

const users = usersOf({ anna: keysOf('right'), 'a,b=c': keysOf('odd'), IX: keysOf('nine') });
const refusedAs = (reasonString: string | RegExp) => ({
  allowed: false,
  reasonCode: ReasonCode.notAuthorized,
  reasonString: expect.stringMatching(reasonString),
});
const wrong = refusedAs('wrong user name or password');
const malformed = refusedAs('not a message of SCRAM');

/** Exchanges of these users, whose logins nobody counts. */
function exchangesOf(known: ReadonlyMap<string, ScramKeys>, makeNonce?: () => string) {
  const logins: ScramLogins = {
    refusal: () => undefined,
    failed: () => {},
    accepted: (_, identity) => ({ identity }),
  };
  const exchanges = new ScramExchanges(logins, makeNonce);
  exchanges.use(known);
  return exchanges;
}

/** The broker's answer to the second message. */
function loginWith(client: ScramClient, exchanges = exchangesOf(users)) {
  const challenge = exchanges.exchange(stepOf(client.first())) as Proceed;
  return exchanges.exchange(stepOf(client.final(challenge.data)));
}

/** A connection that nobody else is on. */
function aConnection(): ConnectionInfo {
  return { ...clientOf('c').connection };
}

describe('an exchange', () => {
  it('is the one of RFC 7677, section 3', () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    const exchanges = exchangesOf(
      usersOf({ user: keysOf('pencil', 4_096, salt) }),
      () => '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
    );
    const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
    expect(exchanges.exchange(stepOf('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'))).toEqual({
      proceed: true,
      data: Buffer.from(`r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`),
    });
    const proof = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
    expect(exchanges.exchange(stepOf(`c=biws,r=${nonce},p=${proof}`))).toEqual({
      allowed: true,
      grant: {
        identity: 'user',
        data: Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='),
      },
    });
  });

  it.each([
    ['with the right password', new ScramClient('anna', 'right'), 'anna'],
    ['with a comma and an equals sign in the name', new ScramClient('a,b=c', 'odd'), 'a,b=c'],
    ['with a name that is not prepared', new ScramClient('\u2168', 'nine'), 'IX'],
  ])('%s is allowed, under the name of the user', (_, client, identity) => {
    const verdict = loginWith(client);
    expect(verdict).toMatchObject({ allowed: true, grant: { identity } });
    expect(verdict).toMatchObject({ grant: { data: Buffer.from(client.signature) } });
  });

  it('is allowed to a client that could bind the channel, and with extensions', () => {
    const client = new ScramClient('anna', 'right', 'nonce,x=1,Y=2');
    client.header = 'y,,';
    const challenge = exchangesOf(users).exchange(stepOf(client.first())) as Proceed;
    expect(readChallenge(challenge.data).nonce).toMatch(/^nonce[^,]+$/);
    expect(loginWith(client)).toMatchObject({ allowed: true });
  });

  it.each([
    ['a wrong password', new ScramClient('anna', 'wrong')],
    ['the password of another user', new ScramClient('anna', 'odd')],
    ['an unknown user', new ScramClient('carl', 'right')],
    ['a user in other letters', new ScramClient('Anna', 'right')],
    ['a name that objects have', new ScramClient('__proto__', 'right')],
  ])('with %s is refused at the end, and in the same words', (_, client) => {
    expect(loginWith(client)).toEqual({ ...wrong, reasonString: 'wrong user name or password' });
  });

  it('has a nonce of its own each time, of 18 random bytes', () => {
    const exchanges = exchangesOf(users);
    const nonces = Array.from({ length: 20 }, () => {
      const challenge = exchanges.exchange(stepOf('n,,n=anna,r=x', { connection: aConnection() }));
      return readChallenge((challenge as Proceed).data).nonce;
    });
    expect(new Set(nonces).size).toBe(20);
    for (const nonce of nonces) expect(nonce).toMatch(/^x[\w+/]{24}$/);
  });
});

describe('unknown users', () => {
  const many = usersOf({ anna: keysOf('a', 4_096), ben: keysOf('b', 8_192, Buffer.alloc(24)) });
  const challengeFor = (exchanges: ScramExchanges, name: string) =>
    readChallenge(
      (
        exchanges.exchange(
          stepOf(new ScramClient(name, 'x').first(), {
            connection: aConnection(),
          }),
        ) as Proceed
      ).data,
    );
  const names = Array.from({ length: 40 }, (_, index) => `nobody-${index}`);

  it('get the salt and the iterations of a user, and one name always the same', () => {
    const exchanges = exchangesOf(many);
    const challenges = names.map((name) => challengeFor(exchanges, name));
    const kinds = challenges.map(({ salt, iterations }) => `${iterations} ${salt.length}`);
    expect(new Set(kinds)).toEqual(new Set(['4096 16', '8192 24']));
    const salts = challenges.map(({ salt }) => salt.toString('hex'));
    expect(new Set(salts).size).toBe(names.length);
    expect(names.map((name) => challengeFor(exchanges, name).salt.toString('hex'))).toEqual(salts);
  });

  it('get another salt from another process', () => {
    const [one, two] = [exchangesOf(many), exchangesOf(many)];
    expect(challengeFor(one, 'nobody').salt).not.toEqual(challengeFor(two, 'nobody').salt);
  });

  it('get a challenge where no user has keys', () => {
    const { iterations, salt } = challengeFor(exchangesOf(new Map()), 'nobody');
    expect([iterations, salt.length]).toEqual([100_000, 16]);
  });
});

describe('the first message', () => {
  it.each<[string, string | Uint8Array, object]>([
    ['nothing', '', malformed],
    ['no header', 'n=anna,r=x', malformed],
    ['half a header', 'n,n=anna,r=x', malformed],
    ['another flag', 'x,,n=anna,r=x', malformed],
    ['channel binding', 'p=tls-exporter,,n=anna,r=x', refusedAs('channel binding')],
    ['an authorization identity', 'n,a=ben,n=anna,r=x', refusedAs('authorization identity')],
    ['rubbish for one', 'n,b=ben,n=anna,r=x', malformed],
    ['a mandatory extension first', 'n,,m=1,n=anna,r=x', refusedAs('extensions')],
    ['a mandatory extension last', 'n,,n=anna,r=x,m=1', refusedAs('extensions')],
    ['no name', 'n,,r=x', malformed],
    ['an empty name', 'n,,n=,r=x', malformed],
    ['nothing but a name', 'n,,n=anna', malformed],
    ['the nonce first', 'n,,r=x,n=anna', malformed],
    ['an empty nonce', 'n,,n=anna,r=', malformed],
    ['a space in the nonce', 'n,,n=anna,r=x y', malformed],
    ['a nonce beyond ASCII', 'n,,n=anna,r=ä', malformed],
    ['two nonces', 'n,,n=anna,r=x,r=y', malformed],
    ['an extension without a value', 'n,,n=anna,r=x,z=', malformed],
    ['an extension without a name', 'n,,n=anna,r=x,=1', malformed],
    ['a comma at the end', 'n,,n=anna,r=x,', malformed],
    ['an escape that is none', 'n,,n=an=41na,r=x', malformed],
    ['an escape in small letters', 'n,,n=an=2cna,r=x', malformed],
    ['U+0000 in the name', 'n,,n=a\0,r=x', malformed],
    ['a control character in the name', 'n,,n=a\u0007,r=x', refusedAs('forbidden characters')],
    ['a name that vanishes', 'n,,n=\u00AD,r=x', refusedAs('forbidden characters')],
    ['a byte order mark', '\uFEFFn,,n=anna,r=x', malformed],
    ['bytes that are no text', Buffer.of(0x6e, 0x2c, 0xff), malformed],
    ['more than 4,096 bytes', `n,,n=anna,r=${'x'.repeat(4_096)}`, malformed],
    ['the last message', `c=biws,r=x,p=${Buffer.alloc(32).toString('base64')}`, malformed],
  ])('must not be: %s', (_, message, refusal) => {
    expect(exchangesOf(users).exchange(stepOf(message))).toEqual({ ...refusal });
  });

  it('must be there', () => {
    const step = stepOf('', { data: undefined });
    expect(exchangesOf(users).exchange(step)).toEqual(malformed);
  });
});

describe('the last message', () => {
  type Change = (message: string, client: ScramClient) => string;
  it.each<[string, Change, object]>([
    ['another binding', (text) => text.replace('biws', 'eSws'), refusedAs('channel binding')],
    ['a binding of its own', (text) => text.replace('biws', 'biwsAA=='), refusedAs('channel')],
    ['no binding', (text) => text.replace('c=biws,', ''), malformed],
    ['an extension after the proof', (text) => `${text},z=1`, malformed],
    ['an extension before it that was not signed', (text) => text.replace(',p=', ',z=1,p='), wrong],
    ['a mandatory extension', (text) => text.replace(',p=', ',m=1,p='), refusedAs('extensions')],
    ['a second binding', (text) => text.replace(',p=', ',c=biws,p='), malformed],
    ['no proof', (text) => text.replace(/,p=.*/, ''), malformed],
    ['an empty proof', (text) => text.replace(/,p=.*/, ',p='), malformed],
    ['a short proof', (text) => text.replace(/,p=.*/, ',p=AAAA'), malformed],
    ['a long proof', (text) => text.replace(/,p=.*/, `,p=${'A'.repeat(44)}`), malformed],
    ['a proof in base64url', (text) => text.replace(/,p=..../, ',p=__--'), malformed],
    ['a proof without padding', (text) => text.replace(/=$/, ''), malformed],
    ['a proof of zeros', (text) => text.replace(/,p=.*/, `,p=${'A'.repeat(43)}=`), wrong],
    ['the first message again', (_, client) => client.first().toString(), malformed],
    ['nothing', () => '', malformed],
  ])('must not be: %s', (_, change, refusal) => {
    const client = new ScramClient('anna', 'right');
    const exchanges = exchangesOf(users);
    const challenge = exchanges.exchange(stepOf(client.first())) as Proceed;
    const final = client.final(challenge.data).toString();
    expect(exchanges.exchange(stepOf(change(final, client)))).toEqual({ ...refusal });
    // What would have been right comes too late.
    expect(exchanges.exchange(stepOf(final))).toEqual(malformed);
  });

  it.each<[string, (nonce: string, own: string) => string]>([
    ['without the part of the broker', (_, own) => own],
    ['of the broker alone', (nonce, own) => nonce.slice(own.length)],
    ['with more at its end', (nonce) => `${nonce}x`],
    ['in other letters', (nonce) => nonce.replace(/.$/, '!')],
  ])('must not have a nonce %s, although the proof is right for it', (_, change) => {
    const client = new ScramClient('anna', 'right');
    client.answerNonce = (nonce) => change(nonce, client.nonce);
    expect(loginWith(client)).toEqual(refusedAs('nonce'));
  });

  it('answers the challenge of its own connection only', () => {
    const exchanges = exchangesOf(users);
    const [here, there] = [aConnection(), aConnection()];
    const client = new ScramClient('anna', 'right');
    const challenge = exchanges.exchange(stepOf(client.first(), { connection: here })) as Proceed;
    exchanges.exchange(stepOf(client.first(), { connection: there }));
    const final = client.final(challenge.data);
    expect(exchanges.exchange(stepOf(final, { connection: there }))).toEqual(refusedAs('nonce'));
    expect(exchanges.exchange(stepOf(final, { connection: here }))).toMatchObject({
      allowed: true,
    });
  });

  it('is good once', () => {
    const exchanges = exchangesOf(users);
    const client = new ScramClient('anna', 'right');
    const final = client.final((exchanges.exchange(stepOf(client.first())) as Proceed).data);
    expect(exchanges.exchange(stepOf(final))).toMatchObject({ allowed: true });
    expect(exchanges.exchange(stepOf(final))).toEqual(malformed);
    exchanges.exchange(stepOf(client.first()));
    expect(exchanges.exchange(stepOf(final))).toEqual(refusedAs('nonce'));
  });
});

describe('a client that authenticates again', () => {
  it('must be the user that it was', () => {
    const exchanges = exchangesOf(users);
    const again = (identity: string) => {
      const scram = new ScramClient('anna', 'right');
      const client = clientOf('c', identity);
      const challenge = exchanges.exchange(stepOf(scram.first(), { client })) as Proceed;
      return exchanges.exchange(stepOf(scram.final(challenge.data), { client }));
    };
    expect(again('anna')).toMatchObject({ allowed: true, grant: { identity: 'anna' } });
    expect(again('ben')).toEqual(refusedAs('another user'));
    expect(again('')).toEqual(refusedAs('another user'));
  });
});
