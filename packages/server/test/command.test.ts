import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { settings } from '../src/settings.ts';
import { fixture, serverFiles } from './certificates.ts';
import { sluice } from './command.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-command-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** What a failure looks like: exit code 1, and one line that is a sentence with a code. */
function failure(code: string, sentence: RegExp): object {
  return {
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(new RegExp(`^sluice: ${code}: ${sentence.source}[^\n]*\n$`)),
  };
}

describe('sluice', () => {
  it('tells its version and its commands', async () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
    );
    expect(await sluice(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    const help = await sluice(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const command of ['start', 'passwd', 'check']) expect(help.stdout).toContain(command);
  });

  it('shows the same help, but fails, without a command', async () => {
    expect(await sluice([])).toMatchObject({ code: 1, stdout: expect.stringContaining('Usage') });
  });

  it.each(['start', 'passwd', 'check'])('has help for %s', async (command) => {
    expect(await sluice([command, '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Usage: sluice ${command}`),
    });
  });

  it('explains every flag and variable of start', async () => {
    const { stdout } = await sluice(['start', '--help']);
    for (const { flag, variable } of Object.values(settings)) {
      expect(stdout).toContain(`--${flag}`);
      expect(stdout).toContain(variable);
    }
  });

  it.each([
    [['serve'], 'SLUICE_USAGE', /"serve" is not a command/],
    [['start', '--prot', '1'], 'SLUICE_USAGE', /Unknown flag --prot/],
    [['start', '--port', 'x'], 'SLUICE_CONFIG_VALUE', /--port must be a whole number/],
    [['start', '--port', '0', '--ws-port', '0'], 'SLUICE_CONFIG_CONFLICT', /There is nothing to/],
    [['start', '--memory', '--data', 'd'], 'SLUICE_CONFIG_CONFLICT', /To keep everything/],
    [
      ['check', '--port=99', '--ws-port=99'],
      'SLUICE_CONFIG_CONFLICT',
      /Two listeners .*port 99 of/,
    ],
    [['start', '--memory', '--host', '0.0.0.0'], 'SLUICE_OPEN_TO_ALL', /Without users, .*0.0.0.0/],
    [['start', '--memory', '--users', '/nowhere/u'], 'SLUICE_AUTH_USERS_FILE', /\/nowhere\/u/],
    [['start', '--config', '/nowhere/c'], 'SLUICE_CONFIG_FILE', /The configuration file \/nowhere/],
    [['passwd', 'users.json'], 'SLUICE_USAGE', /sluice passwd needs a FILE and a USER/],
    [['passwd', 'users.json', 'ann', 'secret'], 'SLUICE_USAGE', /sluice passwd needs/],
  ] as const)('fails in one sentence: %j', async (args, code, sentence) => {
    expect(await sluice(args)).toEqual(failure(code, sentence));
  });
});

describe('sluice passwd', () => {
  it('adds a user with the first line of its input, and changes the password', async () => {
    const users = join(directory, 'passwd.json');
    expect(await sluice(['passwd', users, 'ann'], Readable.from(['secret 1\nmore\n']))).toEqual({
      code: 0,
      stdout: `"ann" added in ${users}\n`,
      stderr: '',
    });
    const before = readFileSync(users, 'utf8');
    expect(before).not.toContain('secret');
    expect(statSync(users).mode & 0o777).toBe(0o600);
    expect(await sluice(['passwd', users, 'ann'], Readable.from(['secret 2']))).toMatchObject({
      code: 0,
      stdout: `"ann" replaced in ${users}\n`,
    });
    expect(readFileSync(users, 'utf8')).not.toBe(before);
    expect(await sluice(['check', '--users', users])).toMatchObject({ code: 0 });
  });

  it.each([
    ['', /No password was given/],
    ['\n', /The password is empty/],
  ])('takes no password from %j', async (input, sentence) => {
    const users = join(directory, 'none.json');
    expect(await sluice(['passwd', users, 'ann'], Readable.from([input]))).toEqual(
      failure('SLUICE_PASSWORD', sentence),
    );
    expect(existsSync(users)).toBe(false);
  });

  it.each([
    ['secret', { code: 0, stderr: 'Password for "bob": \nAgain: \n' }],
    [
      'other',
      { code: 1, stderr: expect.stringMatching(/SLUICE_PASSWORD: The two passwords differ/) },
    ],
  ])('asks twice on a terminal and shows nothing: then %j', async (typed, outcome) => {
    const keyboard = Object.assign(new PassThrough(), { isTTY: true });
    const running = sluice(['passwd', join(directory, 'terminal.json'), 'bob'], keyboard);
    keyboard.write('secret\n');
    setImmediate(() => keyboard.write(`${typed}\n`));
    const { code, stdout, stderr } = await running;
    expect({ code, stderr }).toEqual(outcome);
    expect(stdout + stderr).not.toMatch(/secret/);
  });
});

describe('sluice check', () => {
  it('prints what would be started, and starts nothing', async () => {
    const config = file('check.json', {
      listeners: [
        { type: 'tcp', host: '0.0.0.0' },
        { type: 'tls', host: '::', ...serverFiles },
        { type: 'ws', path: '/mqtt' },
        { type: 'wss', ...serverFiles, ca: fixture('ca.crt'), requestClientCertificate: true },
        { type: 'unix', path: 'sluice.sock' },
      ],
      persistence: { path: 'store' },
      rules: 'rules.json',
      limits: { maxPacketBytes: 4_096 },
      sessionsPerUser: { maximum: 2, onLimit: 'refuse' },
      allowAnonymous: true,
    });
    file('rules.json', { rules: [{ effect: 'allow', action: 'all', topic: '#' }] });
    const { code, stdout, stderr } = await sluice(['check', '--config', config]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      'listener     mqtt://0.0.0.0:1883',
      'listener     mqtts://[::]:8883',
      'listener     ws://127.0.0.1:8080/mqtt',
      'listener     wss://127.0.0.1:8443',
      `listener     unix:${join(directory, 'sluice.sock')}`,
      `persistence  ${join(directory, 'store')}, durability fsync`,
      'users        none, anonymous clients allowed',
      `rules        ${join(directory, 'rules.json')}`,
      'limit        maxPacketBytes 4096',
      'limit        sessionsPerUser {"maximum":2,"onLimit":"refuse"}',
      'log level    info',
      'close grace  5000 ms',
      '',
    ]);
    expect(existsSync(join(directory, 'store'))).toBe(false);
  });

  it.each([
    [{ limits: { maxPacketBytes: 1 } }, 'SLUICE_CONFIG_VALUE', /.*bad.*: "limits.maxPacketBytes"/],
    [{ limit: {} }, 'SLUICE_CONFIG_KEY', /.*"limit" is not a known key/],
    [{ listeners: [{ type: 'tcp', host: '::' }] }, 'SLUICE_OPEN_TO_ALL', /Without users/],
    [{ users: 'check-broken.json' }, 'SLUICE_AUTH_USERS_FILE', /.*check-broken.json/],
    [{ rules: 'check-broken.json' }, 'SLUICE_AUTH_RULES_FILE', /.*check-broken.json/],
    [{ bans: { file: 'check-broken.json' } }, 'SLUICE_LIMITS_BANS_FILE', /.*check-broken.json/],
    [{ bans: { bans: [{}] } }, 'SLUICE_LIMITS_OPTIONS', /ban-list: a ban has exactly one of/],
    [{ connectRate: {} }, 'SLUICE_LIMITS_OPTIONS', /connect-rate: neither perAddress nor total/],
    [{ serverReference: 'x\u0000' }, 'SLUICE_OPTION', /The option serverReference/],
    [{ sys: { interval: 5 } }, 'SLUICE_SYS_OPTIONS', /sys: options has interval, but there are/],
    [
      { listeners: [{ type: 'tls', cert: 'no.crt', key: 'no.key' }] },
      'SLUICE_CERTIFICATE',
      /The certificate file .*no.crt cannot be read/,
    ],
  ] as const)('fails in one sentence: %j', async (content, code, sentence) => {
    file('check-broken.json', '{');
    const config = file(`bad-${code}-${Object.keys(content)}.json`, content);
    expect(await sluice(['check', '--config', config])).toEqual(failure(code, sentence));
  });
});
