import { readFileSync } from 'node:fs';
import { createSecureContext, type TlsOptions } from 'node:tls';
import { BrokerError } from '@sluice/plugin';
import type { CertificateFiles } from './config.ts';

/** Reads the files of a TLS listener and makes sure that they are whole and fit each other. */
export function readCertificates(files: CertificateFiles): TlsOptions {
  const wanted = files.requestClientCertificate ?? false;
  const options: TlsOptions = {
    cert: read(files.cert, 'certificate'),
    key: read(files.key, 'private key'),
    ...(files.ca !== undefined && { ca: read(files.ca, 'authorities') }),
    ...(files.crl !== undefined && { crl: read(files.crl, 'revocation') }),
    requestCert: wanted !== false,
    rejectUnauthorized: wanted === true,
  };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new BrokerError(
      'SLUICE_CERTIFICATE',
      `The certificate files ${certificatePaths(files).join(', ')} cannot be used (${(error as Error).message}).`,
      { cause: error },
    );
  }
  return options;
}

/** The files that are read. */
export function certificatePaths({ cert, key, ca, crl }: CertificateFiles): readonly string[] {
  return [cert, key, ca, crl].filter((path) => path !== undefined);
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
