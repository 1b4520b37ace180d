import { aclFlags } from './commands/acl-arguments.ts';
import { storeFlags } from './commands/store-arguments.ts';
import { settings } from './settings.ts';

interface Flag {
  readonly flag: string;
  readonly argument?: string;
  readonly help: string;
}

const flagLines = linesOf(Object.values(settings));
const storeFlagLines = linesOf(storeFlags);
const aclFlagLines = linesOf(aclFlags);

function linesOf(flags: readonly Flag[]): string {
  return flags
    .map(({ flag, argument, help }) => {
      const left = argument === undefined ? `--${flag}` : `--${flag} ${argument}`;
      return `  ${left.padEnd(21)} ${help}`;
    })
    .join('\n');
}

const variables = Object.values(settings)
  .map(({ variable }) => variable)
  .join(', ');

/** What `--help` prints, for each command and for none. */
export const helpTexts: Readonly<
  Record<'sluice' | 'start' | 'passwd' | 'check' | 'acl' | 'store', string>
> = {
  sluice: `Usage: sluice COMMAND

An MQTT broker for 3.1, 3.1.1 and 5.0.

Commands:
  start               run the broker
  passwd FILE USER    add a user to a users file, or change a password
  check               validate a configuration and print what would be started
  acl test            say whether somebody may do something, and which rule decides
  store ACTION        check, repair, back up or count what LevelDB keeps

  --help, -h          help, also of each command: sluice start --help
  --version, -v       the version
`,
  start: `Usage: sluice start [flags]

Runs the broker until SIGTERM or SIGINT; SIGHUP reads users, rules, bans and certificates again.
Defaults stand in parentheses.

${flagLines}
  --help                this text

Flags go before variables of the environment, these before the configuration file:
${variables}
`,
  passwd: `Usage: sluice passwd FILE USER

Adds USER to the users file FILE, which is created if it is missing, or changes the password.
Asks for the password on a terminal; otherwise takes the first line of standard input.
`,
  check: `Usage: sluice check --config FILE [flags]

Validates the configuration and the users, rules and certificate files that it names, and prints what
would be started. Takes the flags and variables of sluice start. Exit code 1 if anything is wrong.
`,
  acl: `Usage: sluice acl test [flags] publish|subscribe|receive TOPIC

Says whether the access rules allow it, and which rule decides. Asks no broker: it reads the files that
sluice start would use. For subscribe, TOPIC is a topic filter, also $share/GROUP/FILTER.

Flags:
${aclFlagLines}
  --help                this text

Exit codes: 0 it is allowed, 1 it is denied, 2 the question or a file is wrong.
`,
  store: `Usage: sluice store ACTION [flags]

Looks after the store of a broker that is stopped.

Actions:
  check               read everything and say what is damaged; changes nothing
  repair              make a damaged store usable again, without what is damaged; copy the directory first
  backup --to DIR     copy the store into a directory that is missing or empty
  stats               count what is stored, and name the longest queues

Flags:
${storeFlagLines}
  --help                this text

The store is the one that sluice start would use: --path goes before SLUICE_DATA, this before the
configuration file, and that before ./data. A running server writes a backup at the signal SIGUSR2.

Exit codes: 0 all is well, 1 there are problems, 2 it could not run.
`,
};
