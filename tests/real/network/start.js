import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createRequire } from 'node:module'
import { createServer as createSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { values: options } = parseArgs({
  options: {
    'pds-port': { type: 'string', default: '0' },
    'plc-port': { type: 'string', default: '0' },
    log: { type: 'string', default: fileURLToPath(new URL('network.log', import.meta.url)) },
  },
})

// Both servers read these while they load, so they are set first and the servers required after.
process.env.LOG_ENABLED = 'true'
process.env.LOG_DESTINATION = options.log
const require = createRequire(import.meta.url)
const { Database, PlcServer } = require('@did-plc/server')
const { PDS, envToCfg, envToSecrets } = require('@atproto/pds')

// The PDS wants its port in its public address before it listens: holding the socket open keeps the port ours.
async function reserve(port) {
  const socket = createSocket().listen(Number(port), '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

// Left alone, both servers listen on every interface.
function listenOn(socket, server) {
  server.app.listen = () => createHttpServer(server.app).listen(socket)
}

const secret = () => randomBytes(32).toString('hex')

async function startPlc(socket) {
  const plc = PlcServer.create({ db: Database.mock() })
  listenOn(socket, plc)
  await plc.start()
  return plc
}

async function startPds(socket, plcUrl, directory) {
  const env = {
    port: socket.address().port,
    hostname: 'localhost',
    serviceHandleDomains: ['.test'],
    didPlcUrl: plcUrl,
    dataDirectory: directory,
    blobstoreDiskLocation: join(directory, 'blobs'),
    devMode: true,
    inviteRequired: false,
    rateLimitsEnabled: true,
    jwtSecret: secret(),
    dpopSecret: secret(),
    adminPassword: secret(),
    plcRotationKeyK256PrivateKeyHex: secret(),
  }
  const pds = await PDS.create(envToCfg(env), envToSecrets(env))
  listenOn(socket, pds)
  await pds.start()
  return pds
}

const url = (socket) => `http://127.0.0.1:${socket.address().port}`

const directory = await mkdtemp(join(tmpdir(), 'bluesky-network-'))
const plcSocket = await reserve(options['plc-port'])
const pdsSocket = await reserve(options['pds-port'])
const addresses = { pds: url(pdsSocket), plc: url(plcSocket) }
const plc = await startPlc(plcSocket)
const pds = await startPds(pdsSocket, addresses.plc, directory)

let stopping = false
async function stop() {
  if (stopping) return
  stopping = true
  await pds.destroy()
  await plc.destroy()
  await rm(directory, { recursive: true, force: true })
  process.exit(0)
}

process.on('SIGTERM', stop)
process.on('SIGINT', stop)
// Whoever started this holds the other end of stdin: when it closes, they are gone.
process.stdin.on('close', stop).resume()

console.log(JSON.stringify(addresses))
