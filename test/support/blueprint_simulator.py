#!/usr/bin/python3
"""The published demo's Modbus device on Debian's pymodbus 3.0: unit 1, a holding block of exactly two registers.

Register 0 is a temperature of 280 to 309, register 1 a humidity of 700 to 729, both new each second.
Usage: blueprint_simulator.py PORT [HOST]. Prints `ready HOST PORT` when it listens.
"""
import asyncio
import random
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.device import ModbusDeviceIdentification
from pymodbus.server.async_io import ModbusTcpServer

UNIT = 1
HOLDING = 3


def sample():
    return [random.randint(280, 309), random.randint(700, 729)]


async def change_each_second(unit):
    while True:
        unit.setValues(HOLDING, 0, sample())
        await asyncio.sleep(1)


async def main(port, host):
    # zero_mode stays off, as in the demo: pymodbus then shifts every address by one, and so does setValues.
    unit = ModbusSlaveContext(hr=ModbusSequentialDataBlock(1, sample()))
    context = ModbusServerContext(slaves={UNIT: unit}, single=False)
    identity = ModbusDeviceIdentification(
        info_name={"VendorName": "pymodbus", "ProductCode": "PM", "MajorMinorRevision": "1.5"}
    )
    server = ModbusTcpServer(context, identity=identity, address=(host, port), allow_reuse_address=True)
    changing = asyncio.ensure_future(change_each_second(unit))
    serving = asyncio.ensure_future(server.serve_forever())
    await server.serving
    print("ready", host, server.server.sockets[0].getsockname()[1], flush=True)
    await asyncio.gather(changing, serving)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"))
