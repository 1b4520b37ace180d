import { generateKeyPairSync } from 'node:crypto';
import { ReasonCode } from '@sluice/packet';
import type { AuthenticateEvent, Hooks } from '@sluice/plugin';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { auth } from '../src/auth.ts';
import type { CertificateOptions } from '../src/certificates/certificate-options.ts';
import type { AuthOptions } from '../src/options.ts';
import { cheapHash, loginOf, plugIn, stepOf } from './fakes.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keys = { publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
const token = await new SignJWT({ sub: 'from-token' })
  .setProtectedHeader({ alg: 'ES256' })
  .setExpirationTime('1h')
  .sign(privateKey);

const everything: AuthOptions = {
  users: { users: [{ name: 'anna', password: cheapHash('right') }] },
  jwt: { keys, algorithms: ['ES256'] },
  certificate: true,
  anonymous: true,
};

const hooksOf = async (options: AuthOptions) => (await plugIn(auth(options))) as Hooks;

function withCertificate(event: AuthenticateEvent, certificateName: string): AuthenticateEvent {
  return { ...event, connection: { ...event.connection, certificateName } };
}

const deniedWith = (reasonCode: ReasonCode, reasonString?: string) => ({
  allowed: false,
  reasonCode,
  ...(reasonString && { reasonString: expect.stringContaining(reasonString) }),
});

describe('ways to log in, stacked', () => {
  it('are asked in this order: certificate, token, password, nothing', async () => {
    const { authenticate } = await hooksOf(everything);
    const identityOf = async (event: AuthenticateEvent) => {
      const verdict = await authenticate(event);
      return verdict?.allowed ? verdict.grant?.identity : verdict;
    };
    expect(await identityOf(withCertificate(loginOf('anna', 'right'), 'plc-1'))).toBe('plc-1');
    expect(await identityOf(withCertificate(loginOf('anna', token), 'plc-1'))).toBe('plc-1');
    expect(await identityOf(loginOf('anna', token))).toBe('from-token');
    expect(await identityOf(loginOf('anna', 'right'))).toBe('anna');
    expect(await identityOf(loginOf())).toBe('');
  });

  it('decide alone: wrong credentials are not tried in another way', async () => {
    const { authenticate } = await hooksOf(everything);
    const [header, claims] = token.split('.');
    const forged = `${header}.${claims}.AAAA`;
    expect(await authenticate(loginOf(undefined, forged))).toMatchObject(
      deniedWith(ReasonCode.notAuthorized),
    );
    expect(await authenticate(loginOf('anna', 'wrong'))).toMatchObject(
      deniedWith(ReasonCode.badUserNameOrPassword),
    );
    expect(await authenticate(withCertificate(loginOf(), 'a\0b'))).toMatchObject(
      deniedWith(ReasonCode.notAuthorized),
    );
  });

  it('leave what is of no kind of theirs to other plug-ins, who by default let nobody in', async () => {
    const { anonymous: _, ...closed } = everything;
    const { authenticate } = await hooksOf(closed);
    expect(authenticate(loginOf())).toBeUndefined();
    const open = await hooksOf(everything);
    expect(open.authenticate(loginOf(undefined, 'a password without a name'))).toBeUndefined();
  });
});

describe('anonymous clients', () => {
  it('may have an identity and roles', async () => {
    const { authenticate } = await hooksOf({
      ...everything,
      anonymous: { identity: 'guest', roles: ['viewer'] },
    });
    expect(authenticate(loginOf())).toEqual({
      allowed: true,
      grant: { identity: 'guest', attributes: { login: 'anonymous', roles: ['viewer'] } },
    });
  });

  it.each([
    ['alone, where nobody is kept out', { rules: { rules: [] }, anonymous: true }, 'goes with'],
    ['with an empty identity', { certificate: true, anonymous: { identity: '' } }, 'identity must'],
    ['with a role for a list', { certificate: true, anonymous: { roles: [] } }, 'empty list'],
  ])('%s are an error', (_, options, message) => {
    expect(() => auth(options as AuthOptions)).toThrow(message);
  });
});

describe('certificates', () => {
  const authenticateWith = async (
    certificate: CertificateOptions,
    event: AuthenticateEvent,
    name = 'client-1',
  ) => (await hooksOf({ certificate })).authenticate(withCertificate(event, name));

  it('name who somebody is, or stand for a user with roles', async () => {
    const names = [{ name: 'client-1', user: 'plc', roles: ['machine'] }, { name: 'other' }];
    expect(await authenticateWith({ names }, loginOf())).toEqual({
      allowed: true,
      grant: { identity: 'plc', attributes: { login: 'certificate', roles: ['machine'] } },
    });
    expect(await authenticateWith({ names }, loginOf(), 'other')).toMatchObject({
      grant: { identity: 'other', attributes: { roles: [] } },
    });
    expect(await authenticateWith({ names }, loginOf(), 'third')).toMatchObject({
      grant: { identity: 'third' },
    });
    expect(await authenticateWith({ names, listedOnly: true }, loginOf(), 'third')).toMatchObject(
      deniedWith(ReasonCode.notAuthorized, 'nobody known here'),
    );
  });

  it('may have to fit the client identifier and the user name', async () => {
    const user = loginOf('client-1');
    const no = (what: string) => deniedWith(ReasonCode.notAuthorized, what);
    const byId = { mustEqual: 'clientId' } as const;
    expect(await authenticateWith(byId, loginOf())).toMatchObject({ allowed: true });
    expect(await authenticateWith(byId, loginOf(), 'x')).toMatchObject(no('client identifier is'));
    const byName = { mustEqual: 'userName' } as const;
    expect(await authenticateWith(byName, user)).toMatchObject({ allowed: true });
    expect(await authenticateWith(byName, loginOf())).toMatchObject(no('user name is not'));
    const byBoth = { mustEqual: ['clientId', 'userName'] } as const;
    expect(await authenticateWith(byBoth, user)).toMatchObject({ allowed: true });
    expect(await authenticateWith(byBoth, loginOf('x'))).toMatchObject(no('user name is not'));
  });

  it('that are required are so for every way to log in', async () => {
    const { authenticate, exchange } = await hooksOf({
      ...everything,
      certificate: { required: true },
    });
    const needed = deniedWith(ReasonCode.notAuthorized, 'a client certificate is needed');
    expect(await authenticate(loginOf('anna', 'right'))).toMatchObject(needed);
    expect(await authenticate(loginOf('anna', token))).toMatchObject(needed);
    expect(await authenticate(loginOf())).toMatchObject(needed);
    expect(await exchange(stepOf('n,,n=anna,r=x'))).toMatchObject(needed);
    expect(await exchange(stepOf(token, { method: 'JWT' }))).toMatchObject(needed);
    const { connection } = withCertificate(loginOf(), 'plc-1');
    expect(await exchange(stepOf(token, { method: 'JWT', connection }))).toMatchObject({
      allowed: true,
    });
  });

  it('bind the client identifier also of who names a method', async () => {
    const { exchange } = await hooksOf({
      ...everything,
      certificate: { mustEqual: ['clientId', 'userName'] },
    });
    const { connection } = withCertificate(loginOf(), 'plc-1');
    const another = stepOf(token, { method: 'JWT', connection, clientId: 'plc-2' });
    expect(await exchange(another)).toMatchObject(
      deniedWith(ReasonCode.notAuthorized, 'the client identifier is not the common name'),
    );
    const scram = stepOf('n,,n=anna,r=x', { connection, clientId: 'plc-2' });
    expect(await exchange(scram)).toMatchObject({ allowed: false });
    const own = stepOf(token, { method: 'JWT', connection, clientId: 'plc-1' });
    expect(await exchange(own)).toMatchObject({ allowed: true });
    const none = stepOf(token, { method: 'JWT', clientId: 'plc-2' });
    expect(await exchange(none)).toMatchObject({ allowed: true });
  });

  it('that are not listed keep out also who names a method', async () => {
    const { exchange } = await hooksOf({
      ...everything,
      certificate: { names: [{ name: 'plc-1' }], listedOnly: true },
    });
    const stepWith = (name: string) => {
      const { connection } = withCertificate(loginOf(), name);
      return stepOf(token, { method: 'JWT', connection });
    };
    expect(await exchange(stepWith('plc-2'))).toMatchObject(
      deniedWith(ReasonCode.notAuthorized, 'nobody known here'),
    );
    expect(await exchange(stepWith('plc-1'))).toMatchObject({ allowed: true });
  });

  it.each([
    ['another field', { mustEqual: 'password' }, 'must be "clientId" or "userName"'],
    ['a name twice', { names: [{ name: 'a' }, { name: 'a' }] }, 'has "a" twice'],
    ['a name that is none', { names: [{ name: '' }] }, 'must have texts'],
    ['another key', { name: 'a' }, 'unknown key "name"'],
    ['false', false, 'options.certificate must be an object'],
  ])('with %s are an error', (_, certificate, message) => {
    expect(() => auth({ certificate } as unknown as AuthOptions)).toThrow(message);
  });
});
