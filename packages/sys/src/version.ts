/** That of the package. Not read from its manifest: a program that was bundled has none. */
export const version = '0.1.0';
