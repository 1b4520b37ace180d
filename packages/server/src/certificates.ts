import { type BigIntStats, readFileSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { BrokerError } from '@sluice/plugin';
import type { CertificateFiles } from './config.ts';

const missing = 'missing';

/** The files of a TLS listener, and what they were like when they were last read. */
export class Certificates {
  readonly #files: CertificateFiles;
  readonly #paths: readonly string[];
  #signatures = '';
  #current: TlsOptions;

  /** Reads the files. Throws SLUICE_CERTIFICATE where they are not whole or do not fit each other. */
  constructor(files: CertificateFiles) {
    this.#files = files;
    const { cert, key, ca, crl } = files;
    this.#paths = [cert, key, ca, crl].filter((path) => path !== undefined);
    this.#current = this.#read();
  }

  /** What was read last, and was good. */
  get current(): TlsOptions {
    return this.#current;
  }

  /** Reads the files again. Throws as the constructor does, and keeps what there was. */
  readAgain(): TlsOptions {
    this.#current = this.#read();
    return this.#current;
  }

  /** Whether a file is another one than was read, or was written since. */
  async haveChanged(): Promise<boolean> {
    return (await Promise.all(this.#paths.map(signatureOf))).join() !== this.#signatures;
  }

  #read(): TlsOptions {
    // Before they are read: a change in between is one that is still to be read.
    this.#signatures = this.#paths.map(signatureNow).join();
    const { cert, key, ca, crl, requestClientCertificate: wanted = false } = this.#files;
    const options: TlsOptions = {
      cert: read(cert, 'certificate'),
      key: read(key, 'private key'),
      ...(ca !== undefined && { ca: read(ca, 'authorities') }),
      ...(crl !== undefined && { crl: read(crl, 'revocation') }),
      requestCert: wanted !== false,
      rejectUnauthorized: wanted === true,
    };
    try {
      createSecureContext(options);
    } catch (error) {
      throw new BrokerError(
        'SLUICE_CERTIFICATE',
        `The certificate files ${this.#paths.join(', ')} cannot be used (${(error as Error).message}).`,
        { cause: error },
      );
    }
    return options;
  }
}

function signatureNow(path: string): string {
  try {
    return signature(statSync(path, { bigint: true }));
  } catch {
    return missing;
  }
}

async function signatureOf(path: string): Promise<string> {
  try {
    return signature(await stat(path, { bigint: true }));
  } catch {
    return missing;
  }
}

/** What tells one content of a file from another one without reading it. */
function signature({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join('-');
}

function read(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new BrokerError(
      'SLUICE_CERTIFICATE',
      `The ${what} file ${path} cannot be read (${(error as Error).message}).`,
      { cause: error },
    );
  }
}
