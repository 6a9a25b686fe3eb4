// SPDX-License-Identifier: Apache-2.0
//
// faultproxy.mjs SERVER_URL FOLDER: stands between a client and a server of localhost and does to each connection what FOLDER/fault
// says at its beginning. It prints its own URL. What a server's bytes can meet on their way:
//   pass          delay MS       each piece comes later        drip MS     one byte at a time
//   hole          no answer      close       at once           reset N     after N bytes, with a RST
//   truncate N    after N bytes, with a FIN                    flip N      one bit of byte N is another one
// FOLDER/passed is the number of bytes that came from the server on the last connection.
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const port = Number(new URL(process.argv[2]).port);
const folder = process.argv[3];

function flipped(bytes, at) {
  if (at < 0 || at >= bytes.length) return bytes;
  const other = Buffer.from(bytes);
  other[at] ^= 1;
  return other;
}

// what becomes of a piece whose first byte is number `passed` of its connection; true: the connection is over
async function carry(fault, argument, bytes, passed, client) {
  const cut = fault === 'reset' || fault === 'truncate';
  if (cut && passed + bytes.length >= argument) {
    client.write(bytes.subarray(0, argument - passed));
    await sleep(20); // so that what goes before has left
    if (fault === 'reset') client.resetAndDestroy();
    else client.end();
    return true;
  }
  if (fault === 'delay') await sleep(argument);
  if (fault !== 'drip') {
    client.write(fault === 'flip' ? flipped(bytes, argument - passed) : bytes);
    return false;
  }
  for (const byte of bytes) {
    if (client.destroyed) return true;
    client.write(Buffer.of(byte));
    await sleep(argument);
  }
  return false;
}

async function serve(client) {
  const [fault, argument] = readFileSync(`${folder}/fault`, 'utf8').trim().split(' ');
  client.on('error', () => {});
  client.setNoDelay(true);
  if (fault === 'close') return client.destroy();
  if (fault === 'hole') return client.resume();
  const server = net.connect(port, '127.0.0.1');
  server.on('error', () => client.destroy());
  client.pipe(server);
  client.on('close', () => server.destroy());
  let passed = 0;
  for await (const bytes of server) {
    writeFileSync(`${folder}/passed`, String(passed + bytes.length)); // before the client has them, and may look
    if (await carry(fault, Number(argument ?? 0), bytes, passed, client)) break;
    passed += bytes.length;
  }
  return client.end();
}

const proxy = net.createServer({ allowHalfOpen: true }, (client) => serve(client).catch(() => client.destroy()));
writeFileSync(`${folder}/fault`, 'pass');
proxy.listen(0, '127.0.0.1', () => console.log(`https://localhost:${proxy.address().port}`));
