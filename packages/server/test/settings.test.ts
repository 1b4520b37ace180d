import { describe, expect, it } from 'vitest';
import { readEnvironment, readFlags, settings } from '../src/settings.ts';

describe('flags', () => {
  it('are all read', () => {
    const args =
      '--config c.json --host 10.0.0.1 --port 1 --ws-port=2 --data d --memory --durability write ' +
      '--users u.json --rules r.json --allow-anonymous --log-level debug';
    expect(readFlags(args.split(' '))).toEqual({
      config: 'c.json',
      host: '10.0.0.1',
      port: 1,
      wsPort: 2,
      data: 'd',
      memory: true,
      durability: 'write',
      users: 'u.json',
      rules: 'r.json',
      allowAnonymous: true,
      logLevel: 'debug',
    });
    expect(readFlags([])).toEqual({});
  });

  it.each([
    [['--prot', '1883'], 'Unknown flag --prot: '],
    [['-p', '1883'], 'Unknown flag -p: '],
    [['--no-memory'], 'Unknown flag --no-memory: '],
    [['extra'], 'Unexpected argument "extra": '],
    [['--port'], '--port needs a value: '],
    [['--memory=yes'], '--memory takes no value: '],
    [['--port', '1', '--port', '2'], '--port is given twice: '],
    [['--toString'], 'Unknown flag --toString: '],
  ])('refuses %j', (args, message) => {
    expect(() => readFlags(args)).toThrow(expect.objectContaining({ code: 'SLUICE_USAGE' }));
    expect(() => readFlags(args)).toThrow(message);
  });

  it.each([
    [['--port', 'abc'], '--port must be a whole number from 0 to 65535, not "abc".'],
    [['--port', '65536'], '--port must be a whole number from 0 to 65535, not 65536.'],
    [['--port', ''], '--port must be a whole number from 0 to 65535, not "".'],
    [['--port', '1e3'], '--port must be a whole number'],
    [['--ws-port', '-1'], '--ws-port must be a whole number'],
    [['--durability', 'always'], '--durability must be one of "fsync", "write", "none"'],
    [['--log-level', 'INFO'], '--log-level must be one of'],
    [['--host', ''], '--host must be a host name or an address, not "".'],
  ])('refuses the values of %j', (args, message) => {
    expect(() => readFlags(args)).toThrow(expect.objectContaining({ code: 'SLUICE_CONFIG_VALUE' }));
    expect(() => readFlags(args)).toThrow(message);
  });
});

describe('variables of the environment', () => {
  it('are all read', () => {
    expect(
      readEnvironment({
        SLUICE_CONFIG: 'c.json',
        SLUICE_HOST: '::1',
        SLUICE_PORT: '0',
        SLUICE_WS_PORT: '8081',
        SLUICE_DATA: 'd',
        SLUICE_MEMORY: 'false',
        SLUICE_DURABILITY: 'none',
        SLUICE_USERS: 'u',
        SLUICE_RULES: 'r',
        SLUICE_ALLOW_ANONYMOUS: '1',
        SLUICE_LOG_LEVEL: 'warn',
        OTHER: 'x',
      }),
    ).toEqual({
      config: 'c.json',
      host: '::1',
      port: 0,
      wsPort: 8081,
      data: 'd',
      memory: false,
      durability: 'none',
      users: 'u',
      rules: 'r',
      allowAnonymous: true,
      logLevel: 'warn',
    });
  });

  it('count as not set when they are empty', () => {
    expect(readEnvironment({ SLUICE_PORT: '', SLUICE_MEMORY: '' })).toEqual({});
  });

  it.each([
    [{ SLUICE_PORT: 'x' }, 'SLUICE_PORT must be a whole number'],
    [{ SLUICE_MEMORY: 'yes' }, 'SLUICE_MEMORY must be true or false, not "yes".'],
  ])('refuses %j', (environment, message) => {
    expect(() => readEnvironment(environment)).toThrow(message);
  });
});

it('names flag and variable of a setting alike', () => {
  for (const { flag, variable } of Object.values(settings)) {
    expect(variable).toBe(`SLUICE_${flag.toUpperCase().replaceAll('-', '_')}`);
  }
});
