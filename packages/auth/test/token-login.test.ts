import { Buffer } from 'node:buffer';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ReasonCode } from '@sluice/packet';
import type { AuthenticateEvent, Hooks } from '@sluice/plugin';
import { exportJWK, SignJWT } from 'jose';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { auth } from '../src/auth.ts';
import type { TokenKeys, TokenOptions } from '../src/tokens/token-options.ts';
import { clientOf, FakeBroker, loginOf, plugIn, stepOf, temporaryDirectory } from './fakes.ts';

/** Claims of any kind; undefined leaves one out. */
type TestClaims = Readonly<Record<string, unknown>>;

const secret = 'a secret that has thirty-two bytes and more';
const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const theirs = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const jwks = async (key: KeyObject, kid = 'k1') => ({
  keys: [{ ...(await exportJWK(key)), kid, alg: 'ES256' }],
});

function sign(
  claims: TestClaims = {},
  key: KeyObject | Uint8Array = ours.privateKey,
  header: { alg: string; kid?: string } = { alg: 'ES256' },
): Promise<string> {
  return new SignJWT({ sub: 'anna', exp: Math.floor(Date.now() / 1_000) + 60, ...claims })
    .setProtectedHeader(header)
    .sign(key);
}

const signWithSecret = (claims?: TestClaims) =>
  sign(claims, new TextEncoder().encode(secret), { alg: 'HS256' });

const publicKey: TokenOptions = { keys: { publicKey: pem(ours.publicKey) }, algorithms: ['ES256'] };

async function hooksOf(jwt: Partial<TokenOptions> = {}, broker = new FakeBroker()) {
  return (await plugIn(auth({ jwt: { ...publicKey, ...jwt } }), broker)) as Hooks;
}

async function login(token: string, jwt: Partial<TokenOptions> = {}) {
  return (await hooksOf(jwt)).authenticate(loginOf('anybody', token));
}

const refused = (reasonString: string) => ({
  allowed: false,
  reasonCode: ReasonCode.notAuthorized,
  reasonString: expect.stringContaining(reasonString),
});

describe('a token', () => {
  it('says who the client is, and for how long', async () => {
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const token = await sign({ exp, roles: ['viewer', 7], tenant: 'acme' });
    expect(await login(token)).toEqual({
      allowed: true,
      grant: {
        identity: 'anna',
        attributes: { sub: 'anna', exp, tenant: 'acme', login: 'jwt', roles: ['viewer'] },
        expiresAt: (exp + 5) * 1_000,
      },
    });
  });

  it('may name identity and roles by other claims, in objects and texts', async () => {
    const token = await sign({ user: { name: 'ben' }, access: { scope: 'read write' } });
    expect(
      await login(token, { identityClaim: 'user.name', rolesClaim: 'access.scope' }),
    ).toMatchObject({ grant: { identity: 'ben', attributes: { roles: ['read', 'write'] } } });
  });

  it.each<[string, TestClaims, Partial<TokenOptions>, string]>([
    ['has expired', { exp: 1 }, {}, 'the token has expired'],
    ['never expires', { exp: undefined }, {}, 'the claim exp'],
    ['is for later', { nbf: 9_999_999_999 }, {}, 'the claim nbf'],
    ['comes from somebody else', { iss: 'b' }, { issuer: 'a' }, 'the claim iss'],
    ['comes from nobody', {}, { issuer: ['a'] }, 'the claim iss'],
    ['is for somebody else', { aud: ['b', 'c'] }, { audience: 'a' }, 'the claim aud'],
    ['names nobody', { sub: undefined }, {}, 'the claim sub of the token is no user'],
    ['names the empty user', { sub: '' }, {}, 'is no user'],
    ['names a user with U+0000', { sub: 'a\0' }, {}, 'is no user'],
    ['is for another client', { cid: 'c' }, { clientIdClaim: 'cid' }, 'another client identifier'],
    ['is for no client', {}, { clientIdClaim: 'cid' }, 'another client identifier'],
  ])('that %s is refused', async (_, claims, options, why) => {
    expect(await login(await sign(claims), options)).toMatchObject(refused(why));
  });

  it('that fits all that is asked for is let in', async () => {
    const token = await sign({ iss: 'b', aud: ['x', 'y'], cid: 'client-1' });
    const options = { issuer: ['a', 'b'], audience: 'y', clientIdClaim: 'cid' };
    expect(await login(token, options)).toMatchObject({ allowed: true });
  });

  it('without an end is let in where that is allowed', async () => {
    const verdict = await login(await sign({ exp: undefined }), { allowWithoutExpiry: true });
    expect(verdict).toMatchObject({ allowed: true });
    expect(verdict).not.toHaveProperty('grant.expiresAt');
  });

  it('may be as late as clocks differ, and no later', async () => {
    const exp = Math.floor(Date.now() / 1_000) - 8;
    expect(await login(await sign({ exp }), { clockToleranceSeconds: 30 })).toMatchObject({
      allowed: true,
      grant: { expiresAt: (exp + 30) * 1_000 },
    });
    expect(await login(await sign({ exp }), { clockToleranceSeconds: 0 })).toMatchObject(
      refused('expired'),
    );
  });
});

describe('a forged token', () => {
  const invalid = refused('the token is not valid');
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

  it('signed by somebody else is refused', async () => {
    expect(await login(await sign({}, theirs.privateKey))).toMatchObject(invalid);
  });

  it('that was changed is refused', async () => {
    const [header, , signature] = (await sign()).split('.');
    const claims = encode({ sub: 'admin', exp: 9_999_999_999 });
    expect(await login([header, claims, signature].join('.'))).toMatchObject(invalid);
  });

  it.each(['none', 'None', 'NONE'])('with the algorithm %s is refused', async (alg) => {
    const token = `${encode({ alg })}.${encode({ sub: 'admin', exp: 9_999_999_999 })}.`;
    expect(await login(token)).toMatchObject(invalid);
  });

  it('signed with the public key as a secret is refused', async () => {
    const bytes = new TextEncoder().encode(pem(ours.publicKey));
    expect(await login(await sign({}, bytes, { alg: 'HS256' }))).toMatchObject(invalid);
  });

  it('by an algorithm that is not listed is refused', async () => {
    const bytes = new TextEncoder().encode(secret.repeat(2));
    const token = await sign({}, bytes, { alg: 'HS512' });
    const options = { keys: { secret: secret.repeat(2) }, algorithms: ['HS256'] };
    expect(await login(token, options)).toMatchObject(invalid);
  });
});

describe('where the token is', () => {
  const withRequest = (url: string, headers: Record<string, string> = {}): AuthenticateEvent => {
    const event = loginOf();
    return { ...event, connection: { ...event.connection, request: { url, headers } } };
  };

  it('is the user name, the query or a header of the request, as it is set', async () => {
    const token = await sign();
    const asUser = await hooksOf({ from: 'userName' });
    expect(await asUser.authenticate(loginOf(token, 'x'))).toMatchObject({ allowed: true });
    const inQuery = await hooksOf({ from: { query: 'token' } });
    const query = withRequest(`/mqtt?a=b&token=${token}`);
    expect(await inQuery.authenticate(query)).toMatchObject({ allowed: true });
    const inHeader = await hooksOf({ from: { header: 'Authorization' } });
    const header = withRequest('/mqtt', { authorization: `Bearer ${token}` });
    expect(await inHeader.authenticate(header)).toMatchObject({ allowed: true });
  });

  it('is nowhere else: of other credentials it has no opinion', async () => {
    const token = await sign();
    const inPassword = await hooksOf();
    const inQuery = await hooksOf({ from: { query: 'token' } });
    const inHeader = await hooksOf({ from: { header: 'authorization' } });
    for (const verdict of [
      inPassword.authenticate(loginOf(token, 'password')),
      inPassword.authenticate(loginOf('anna')),
      inPassword.authenticate(loginOf('anna', 'a.b.c')),
      inPassword.authenticate(loginOf('anna', 'eyJ4IjoxfQ.e30.x')),
      inPassword.authenticate(withRequest(`/?token=${token}`)),
      inQuery.authenticate(loginOf('anna', token)),
      inQuery.authenticate(withRequest('/mqtt')),
      inHeader.authenticate(withRequest('/', { authorization: 'Basic YTpi' })),
    ]) {
      expect(verdict).toBeUndefined();
    }
  });

  it('decides also when it is broken, where it can be nothing else', async () => {
    const inQuery = await hooksOf({ from: { query: 'token' } });
    expect(await inQuery.authenticate(withRequest('/?token=nonsense'))).toMatchObject(
      refused('the token is not valid'),
    );
  });
});

describe('the method JWT', () => {
  const step = (token: string, fields = {}) => stepOf(token, { method: 'JWT', ...fields });

  it('takes a token with CONNECT, and a new one later', async () => {
    const { exchange } = await hooksOf();
    const exp = Math.floor(Date.now() / 1_000) + 500;
    expect(await exchange(step(await sign()))).toMatchObject({ grant: { identity: 'anna' } });
    const again = step(await sign({ exp }), { client: clientOf('client-1', 'anna') });
    expect(await exchange(again)).toMatchObject({ grant: { expiresAt: (exp + 5) * 1_000 } });
  });

  it('refuses a new token for somebody else, a broken one and none', async () => {
    const { exchange } = await hooksOf();
    const client = clientOf('client-1', 'ben');
    expect(await exchange(step(await sign(), { client }))).toMatchObject(
      refused('belongs to another user'),
    );
    expect(await exchange(step('nonsense'))).toMatchObject(refused('not valid'));
    expect(await exchange({ ...step(''), data: undefined })).toMatchObject(refused('no token'));
    expect(await exchange({ ...step(''), data: Buffer.from([0xff]) })).toMatchObject(
      refused('no token'),
    );
  });

  it('is the only one, unless there are users', async () => {
    const { exchange } = await hooksOf();
    for (const method of ['SCRAM-SHA-256', 'jwt', '']) {
      expect(exchange(stepOf('n,,n=anna,r=x', { method }))).toBeUndefined();
    }
  });
});

describe('keys', () => {
  it('are a secret, in an option or in a file', async () => {
    const token = await signWithSecret();
    const path = join(await temporaryDirectory(), 'secret');
    await writeFile(path, `${secret}\n`);
    const bytes = new TextEncoder().encode(secret);
    for (const keys of [{ secret }, { secret: bytes }, { secretFile: path }]) {
      expect(await login(token, { keys, algorithms: ['HS256'] })).toMatchObject({ allowed: true });
    }
  });

  it('are a key set or a public key in a file, and those of now after a reload', async () => {
    const path = join(await temporaryDirectory(), 'keys');
    const header = { alg: 'ES256', kid: 'k1' };
    for (const [name, write] of [
      ['jwksFile', async (key: KeyObject) => JSON.stringify(await jwks(key))],
      ['publicKeyFile', async (key: KeyObject) => pem(key)],
    ] as const) {
      await writeFile(path, await write(ours.publicKey));
      const plugin = auth({ jwt: { keys: { [name]: path }, algorithms: ['ES256'] }, watch: false });
      const { authenticate } = (await plugIn(plugin)) as Hooks;
      const token = await sign({}, ours.privateKey, header);
      expect(await authenticate(loginOf('a', token))).toMatchObject({ allowed: true });
      await writeFile(path, 'broken');
      await expect(plugin.reload()).rejects.toMatchObject({ code: 'SLUICE_AUTH_KEYS' });
      expect(await authenticate(loginOf('a', token))).toMatchObject({ allowed: true });
      await writeFile(path, await write(theirs.publicKey));
      await plugin.reload();
      expect(await authenticate(loginOf('a', token))).toMatchObject({ allowed: false });
    }
  });

  it.each<[string, TokenKeys, string[], string]>([
    ['a short secret', { secret: 'short' }, ['HS256'], 'at least 32 bytes'],
    ['a secret too short for one', { secret }, ['HS256', 'HS512'], 'at least 64 bytes'],
    ['no key', { publicKey: 'nonsense' }, ['ES256'], 'no public key'],
    [
      'a private key',
      { publicKey: ours.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
      ['ES256'],
      'no public key',
    ],
  ])('that are %s fail the start', async (_, keys, algorithms, message) => {
    const started = plugIn(auth({ jwt: { keys, algorithms } }));
    await expect(started).rejects.toMatchObject({ code: 'SLUICE_AUTH_KEYS' });
    await expect(started).rejects.toThrow(message);
  });
});

describe('published keys', () => {
  /** A server that publishes what the test says, and counts who asks. */
  async function publisher() {
    const published = { body: '', status: 200, asked: 0 };
    const server = createServer((_, response) => {
      published.asked += 1;
      response.writeHead(published.status, { 'content-type': 'application/json' });
      response.end(published.body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return { published, jwksUrl: `http://127.0.0.1:${port}/jwks` };
  }

  it('are fetched when the first token comes, and kept', async () => {
    const { published, jwksUrl } = await publisher();
    published.body = JSON.stringify(await jwks(ours.publicKey));
    const { authenticate } = await hooksOf({ keys: { jwksUrl } });
    expect(published.asked).toBe(0);
    const token = await sign({}, ours.privateKey, { alg: 'ES256', kid: 'k1' });
    for (let n = 0; n < 3; n++) {
      expect(await authenticate(loginOf('a', token))).toMatchObject({ allowed: true });
    }
    const forged = await sign({}, theirs.privateKey, { alg: 'ES256', kid: 'k2' });
    for (let n = 0; n < 3; n++) {
      expect(await authenticate(loginOf('a', forged))).toMatchObject(refused('not valid'));
    }
    expect(published.asked).toBe(1);
  });

  it('that cannot be had let nobody in; it is told once, and tried again later', async () => {
    const { published, jwksUrl } = await publisher();
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    onTestFinished(() => clock.mockRestore());
    published.status = 500;
    const broker = new FakeBroker();
    const { authenticate } = await hooksOf({ keys: { jwksUrl } }, broker);
    const token = await sign({}, ours.privateKey, { alg: 'ES256', kid: 'k1' });
    for (let n = 0; n < 3; n++) {
      expect(await authenticate(loginOf('a', token))).toMatchObject({
        allowed: false,
        reasonCode: ReasonCode.serverUnavailable,
      });
    }
    expect(published.asked).toBe(1);
    expect(broker.errors).toMatchObject([{ code: 'SLUICE_AUTH_KEYS' }]);
    published.status = 200;
    published.body = JSON.stringify(await jwks(ours.publicKey));
    clock.mockReturnValue(5_000);
    expect(await authenticate(loginOf('a', token))).toMatchObject({ allowed: true });
  });

  it('that are kept go on to count when somebody asks for another one, which cannot be had', async () => {
    const { published, jwksUrl } = await publisher();
    published.body = JSON.stringify(await jwks(ours.publicKey));
    const broker = new FakeBroker();
    const { authenticate } = await hooksOf({ keys: { jwksUrl } }, broker);
    const token = await sign({}, ours.privateKey, { alg: 'ES256', kid: 'k1' });
    expect(await authenticate(loginOf('a', token))).toMatchObject({ allowed: true });
    published.status = 500;
    // After half a minute an unknown key identifier asks again.
    const date = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 31_000);
    onTestFinished(() => date.mockRestore());
    const unknown = await sign({}, theirs.privateKey, { alg: 'ES256', kid: 'k2' });
    for (let n = 0; n < 2; n++) {
      expect(await authenticate(loginOf('a', unknown))).toMatchObject({
        allowed: false,
        reasonCode: ReasonCode.serverUnavailable,
      });
      expect(await authenticate(loginOf('a', token))).toMatchObject({ allowed: true });
    }
    expect(published.asked).toBe(2);
    expect(broker.errors).toMatchObject([{ code: 'SLUICE_AUTH_KEYS' }]);
  });

  it.each(['jwksUrl', 'jwksFile'] as const)(
    'of which one is of no use refuse its tokens, and no others: %s',
    async (kind) => {
      const { published, jwksUrl } = await publisher();
      const good = await jwks(ours.publicKey);
      const useless = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'k2', alg: 'ES256' };
      published.body = JSON.stringify({ keys: [...good.keys, useless] });
      const jwksFile = join(await temporaryDirectory(), 'keys.json');
      await writeFile(jwksFile, published.body);
      const broker = new FakeBroker();
      const keys = kind === 'jwksUrl' ? { jwksUrl } : { jwksFile };
      const { authenticate } = await hooksOf({ keys }, broker);
      const forged = await sign({}, theirs.privateKey, { alg: 'ES256', kid: 'k2' });
      const token = await sign({}, ours.privateKey, { alg: 'ES256', kid: 'k1' });
      for (let n = 0; n < 2; n++) {
        expect(await authenticate(loginOf('a', forged))).toMatchObject(refused('not valid'));
        expect(await authenticate(loginOf('a', token))).toMatchObject({ allowed: true });
      }
      expect(broker.errors).toMatchObject([{ code: 'SLUICE_AUTH_KEYS' }]);
    },
  );
});

describe('options of tokens', () => {
  it.each<[string, object, string]>([
    ['no algorithms', { algorithms: undefined }, 'lacks the key "algorithms"'],
    ['an empty list of them', { algorithms: [] }, 'options.jwt.algorithms is an empty list'],
    ['the algorithm none', { algorithms: ['none'] }, 'options.jwt.algorithms must name some of'],
    ['a secret algorithm for a public key', { algorithms: ['HS256'] }, 'does not go with'],
    ['a public algorithm for a secret', { keys: { secret } }, 'does not go with keys.secret'],
    ['two kinds of keys', { keys: { secret, publicKey: 'x' } }, 'exactly one of'],
    ['no kind of keys', { keys: {} }, 'exactly one of'],
    ['a plain remote URL', { keys: { jwksUrl: 'http://a.example' } }, 'must be a URL of https'],
    ['no URL', { keys: { jwksUrl: 'here' } }, 'must be a URL of https'],
    ['another place', { from: 'cookie' }, 'options.jwt.from must be "password"'],
    ['two places', { from: { query: 'a', header: 'b' } }, 'options.jwt.from must be'],
    ['a wide tolerance', { clockToleranceSeconds: 301 }, 'whole number from 0 to 300'],
  ])('with %s are refused', (_, changes, message) => {
    const options = { jwt: { ...publicKey, ...changes } as TokenOptions };
    expect(() => auth(options)).toThrow(message);
  });
});
