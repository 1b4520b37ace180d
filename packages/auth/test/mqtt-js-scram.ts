import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import mqtt, { type MqttClient } from 'mqtt';

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest();

export function connectWithScram(url: string, user: string, password: string): MqttClient {
  const properties = {
    authenticationMethod: 'SCRAM-SHA-256',
    authenticationData: Buffer.alloc(0),
  };
  const name = user.replaceAll('=', '=3D').replaceAll(',', '=2C');
  let nonce = '';
  let signature = '';
  const begin = () => {
    nonce = randomBytes(18).toString('base64');
    signature = '';
    properties.authenticationData = Buffer.from(`n,,n=${name},r=${nonce}`);
  };

  begin();
  const client = mqtt.connect(url, { protocolVersion: 5, properties });
  client.on('close', begin); // it connects again with a new nonce
  client.handleAuth = (packet, callback) => {
    const challenge = String(packet.properties?.authenticationData);
    const [, both = '', salt = '', count] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(challenge) ?? [];
    const iterations = Number(count);
    // The password is tried by nobody who takes another nonce, or asks for too little or too much work.
    if (!both.startsWith(nonce) || !(iterations >= 4_096 && iterations <= 1_000_000)) {
      return callback(new Error('the broker sent another challenge than SCRAM allows'));
    }
    const withoutProof = `c=biws,r=${both}`;
    const conversation = `n=${name},r=${nonce},${challenge},${withoutProof}`;
    const key = pbkdf2Sync(password, Buffer.from(salt, 'base64'), iterations, 32, 'sha256');
    const clientKey = hmac(key, 'Client Key');
    const mask = hmac(sha256(clientKey), conversation);
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ mask.readUInt8(index)));
    signature = `v=${hmac(hmac(key, 'Server Key'), conversation).toString('base64')}`;
    callback(undefined, {
      cmd: 'auth',
      reasonCode: 0x18,
      properties: {
        authenticationMethod: properties.authenticationMethod,
        authenticationData: Buffer.from(`${withoutProof},p=${proof.toString('base64')}`),
      },
    });
  };
  client.on('connect', (connack) => {
    // Only who has the keys of the user can sign: anybody else plays the broker.
    if (signature !== '' && String(connack.properties?.authenticationData) === signature) return;
    client.end(true);
    client.emit('error', new Error('the broker did not prove that it knows the user'));
  });
  return client;
}
