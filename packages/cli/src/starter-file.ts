/** What `omh init` writes: runs as it is, and shows in comments how a real device is added. */
export const starterFile = `# yaml-language-server: $schema=./hub.schema.json
# The hub file: what the plant is. Check it with \`omh validate\`, run it with \`omh up\`.
version: 1
hub: { name: plant, site: acme/dallas }     # site begins every namespace path
http: { port: 7070 }                        # console and API; loopback only unless host says otherwise
broker:
  listeners:
    tcp: { host: 127.0.0.1, port: 1883, anonymous: true }   # anonymous: true lets every local program connect
    ws: { host: 127.0.0.1, port: 8083, anonymous: true }
historian:
  retention: 90d                            # older samples are dropped a day at a time

# A Modbus server of our own, to try things without a PLC. Remove it, and the device below, when you have a real one.
simulators:
  plant: { protocol: modbus-tcp, port: 5020, preset: blueprint }

devices:
  press:
    driver: modbus-tcp
    settings: { host: 127.0.0.1, port: 5020 }       # your PLC: its address, usually port 502
    path: acme/dallas/press/line1
    groups:
      climate:
        interval: 1s                        # how often it is read: 250ms, 1s, 5s, 1m
        tags:
          # address: unit!register. 1!40001 is holding register 1 of unit 1, 1!30005 an input register, 1!00003 a coil.
          temperature: { address: 1!40001, type: int16, access: read, decimal: 0.1, unit: Cel }
          humidity: { address: 1!40002, type: int16, access: read, decimal: 0.1, unit: "%" }

# Each cycle of a group becomes one MQTT message on /neuron/{app}/{device}/{group}.
apps:
  press_app:
    type: mqtt
    subscriptions: [{ device: press, group: climate }]

# Rules read messages with SQL and act on them.
rules:
  hot:
    sql: SELECT payload.values.temperature AS temperature FROM "/neuron/press_app/press/climate" WHERE temperature > 30
    actions:
      - republish: { topic: press/hot, payload: '{"temperature": \${temperature}}' }
`;
