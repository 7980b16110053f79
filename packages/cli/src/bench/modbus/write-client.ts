import modbusSerial from 'modbus-serial';

// Its types describe an ES module, its file is CommonJS: the class stands in both places.
const ModbusRTU = modbusSerial as unknown as typeof modbusSerial.default;

/** What a team would write to set a float in a device. */
export class ModbusClient {
  readonly #client: InstanceType<typeof ModbusRTU>;

  private constructor(client: InstanceType<typeof ModbusRTU>) {
    this.#client = client;
  }
  static async open(port: number): Promise<ModbusClient> {
    const client = new ModbusRTU();
    await client.connectTCP('127.0.0.1', { port });
    client.setID(1);
    client.setTimeout(3000);
    return new ModbusClient(client);
  }
  async writeFloat(register: number, value: number): Promise<void> {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatBE(value);
    await this.#client.writeRegisters(register, [bytes.readUInt16BE(0), bytes.readUInt16BE(2)]);
  }
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#client.close(() => resolve());
    });
  }
}
