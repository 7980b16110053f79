"""A Modbus device of pymodbus, with its 3.0 (Debian) or its present interface: unit 1, every area, over any way pymodbus knows.

Usage: pymodbus_server.py tcp|udp|tls|rtu|ascii FOLDER, with the certificates of the server in FOLDER, or serial-rtu|serial-ascii PORT.
Prints `ready PORT VERSION` when it listens. Holding register n holds 100 + n, input register n 200 + n, coil n is on where n is a multiple
of 3, discrete input n where it is a multiple of 2; there are 200 of each.
"""
import asyncio
import os
import ssl
import sys

import pymodbus

way, where = sys.argv[1], sys.argv[2]
old = pymodbus.__version__.startswith("3.0")
size = 200

if old:
    from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
    from pymodbus.device import ModbusDeviceIdentification
    from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer, ModbusTlsServer, ModbusUdpServer
    from pymodbus.transaction import ModbusAsciiFramer, ModbusRtuFramer, ModbusSocketFramer

    framers = {"rtu": ModbusRtuFramer, "ascii": ModbusAsciiFramer, "socket": ModbusSocketFramer}
else:
    from pymodbus import FramerType, ModbusDeviceIdentification
    from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
    from pymodbus.server import ModbusSerialServer, ModbusTcpServer, ModbusTlsServer, ModbusUdpServer

    framers = {"rtu": FramerType.RTU, "ascii": FramerType.ASCII, "socket": FramerType.SOCKET}


def block(value):
    # Both shift every address by one unless told otherwise, 3.0 in the context and the present one in the block.
    return ModbusSequentialDataBlock(0 if old else 1, [value(n) for n in range(size)])


areas = {
    "di": block(lambda n: n % 2 == 0),
    "co": block(lambda n: n % 3 == 0),
    "hr": block(lambda n: 100 + n),
    "ir": block(lambda n: 200 + n),
}
if old:
    context = ModbusServerContext(slaves={1: ModbusSlaveContext(zero_mode=True, **areas)}, single=False)
else:
    context = ModbusServerContext(devices={1: ModbusDeviceContext(**areas)}, single=False)
identity = ModbusDeviceIdentification(
    info_name={"VendorName": "Norden", "ProductCode": "HP-250", "MajorMinorRevision": "2.1"}
)


def security():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(os.path.join(where, "server.pem"), os.path.join(where, "server.key"))
    made.load_verify_locations(os.path.join(where, "ca.pem"))
    made.verify_mode = ssl.CERT_REQUIRED
    return made


def server():
    framer = framers.get(way.removeprefix("serial-"), framers["socket"])
    if way.startswith("serial-"):
        more = {"timeout": 0.1} if old else {}
        return ModbusSerialServer(context, framer=framer, identity=identity, port=where, baudrate=19200, **more)
    common = {"framer": framer, "identity": identity, "address": ("127.0.0.1", 0)}
    if way == "tls":
        # The specification has the header of Modbus TCP inside TLS; pymodbus leaves it out unless it is given this framer.
        return ModbusTlsServer(context, sslctx=security(), **common)
    return (ModbusUdpServer if way == "udp" else ModbusTcpServer)(context, **common)


def port_of(made):
    if way == "udp":
        transport = made.protocol if old else made.transport
        return transport.get_extra_info("sockname")[1]
    if way.startswith("serial-"):
        return 0
    return (made.server if old else made.transport).sockets[0].getsockname()[1]


async def main():
    made = server()
    if old and way.startswith("serial-"):
        await made.start()
        serving = asyncio.ensure_future(made.serve_forever())
        await asyncio.sleep(0.1)
    elif old:
        serving = asyncio.ensure_future(made.serve_forever())
        await made.serving
    else:
        await made.serve_forever(background=True)
        serving = asyncio.Event().wait()
    print("ready", port_of(made), pymodbus.__version__, flush=True)
    await serving


asyncio.run(main())
