"""Asks a simulator everything pymodbus can ask, with its 3.0 (Debian) or its present interface, and prints what it heard as JSON.

Usage: pymodbus_client.py PORT tcp|udp|rtu|ascii. The unit is 1; what stands where is in packages/simulators/interop/pymodbus.mjs.
"""
import json
import sys

import pymodbus

port, way = int(sys.argv[1]), sys.argv[2]
old = pymodbus.__version__.startswith("3.0")

if old:
    from pymodbus.client import ModbusTcpClient, ModbusUdpClient
    from pymodbus.constants import Endian
    from pymodbus.diag_message import ReturnQueryDataRequest
    from pymodbus.mei_message import ReadDeviceInformationRequest
    from pymodbus.other_message import ReportSlaveIdRequest
    from pymodbus.payload import BinaryPayloadDecoder
    from pymodbus.register_read_message import ReadWriteMultipleRegistersRequest
    from pymodbus.register_write_message import MaskWriteRegisterRequest
    from pymodbus.transaction import ModbusAsciiFramer, ModbusRtuFramer, ModbusSocketFramer

    framer = {"rtu": ModbusRtuFramer, "ascii": ModbusAsciiFramer}.get(way, ModbusSocketFramer)
    unit = {"slave": 1}
else:
    from pymodbus import FramerType
    from pymodbus.client import ModbusTcpClient, ModbusUdpClient

    framer = {"rtu": FramerType.RTU, "ascii": FramerType.ASCII}.get(way, FramerType.SOCKET)
    unit = {"device_id": 1}

client = (ModbusUdpClient if way == "udp" else ModbusTcpClient)("127.0.0.1", port=port, framer=framer, timeout=3)
client.connect()
heard = {"version": pymodbus.__version__}


def registers(response):
    return response.registers if not response.isError() else {"exception": getattr(response, "exception_code", str(response))}


def bits(response, count):
    return response.bits[:count] if not response.isError() else {"exception": response.exception_code}


heard["holding"] = registers(client.read_holding_registers(0, count=3, **unit))
heard["input"] = registers(client.read_input_registers(0, count=3, **unit))
heard["coils"] = bits(client.read_coils(0, count=4, **unit), 4)
heard["discrete"] = bits(client.read_discrete_inputs(0, count=2, **unit), 2)
heard["many"] = len(registers(client.read_holding_registers(0, count=125, **unit)))
heard["outside"] = registers(client.read_holding_registers(199, count=2, **unit))
client.write_register(100, 1234, **unit)
client.write_registers(101, [5, 6, 7], **unit)
client.write_coil(50, True, **unit)
client.write_coils(51, [True, False, True], **unit)
heard["writtenCoils"] = bits(client.read_coils(50, count=4, **unit), 4)

raw = registers(client.read_holding_registers(10, count=22, **unit))
if old:
    client.execute(MaskWriteRegisterRequest(100, 0xFF00, 0x00AB, unit=1))
    heard["readWrite"] = registers(
        client.execute(ReadWriteMultipleRegistersRequest(read_address=100, read_count=2, write_address=110, write_registers=[9, 8], unit=1))
    )
    loopback = client.execute(ReturnQueryDataRequest(0x12AB, unit=1)).message
    heard["loopback"] = list(loopback) if isinstance(loopback, (bytes, list, tuple)) else loopback
    heard["serverId"] = client.execute(ReportSlaveIdRequest(unit=1)).identifier.decode("latin1")
    information = client.execute(ReadDeviceInformationRequest(2, 0, unit=1)).information
    d = BinaryPayloadDecoder.fromRegisters(raw, byteorder=Endian.Big, wordorder=Endian.Big)
    heard["types"] = [d.decode_32bit_float(), d.decode_64bit_float(), str(d.decode_64bit_int()), d.decode_32bit_int(), d.decode_32bit_uint(), d.decode_16bit_int(), d.decode_string(12).decode().rstrip("\0")]
else:
    client.mask_write_register(address=100, and_mask=0xFF00, or_mask=0x00AB, **unit)
    heard["readWrite"] = registers(client.readwrite_registers(read_address=100, read_count=2, write_address=110, values=[9, 8], **unit))
    # Its RTU framer takes the answer for two bytes shorter than it is.
    if way != "rtu":
        heard["fifo"] = client.read_fifo_queue(address=120, **unit).values
    loopback = client.diag_query_data(b"\x12\xab", **unit).message
    heard["loopback"] = int.from_bytes(loopback, "big") if isinstance(loopback, bytes) else loopback
    heard["serverId"] = client.report_device_id(**unit).identifier.decode("latin1")
    information = client.read_device_information(read_code=2, object_id=0, **unit).information
    kind = client.DATATYPE

    def convert(first, count, to):
        return client.convert_from_registers(raw[first : first + count], to)

    heard["types"] = [
        convert(0, 2, kind.FLOAT32), convert(2, 4, kind.FLOAT64), str(convert(6, 4, kind.INT64)), convert(10, 2, kind.INT32),
        convert(12, 2, kind.UINT32), convert(14, 1, kind.INT16), convert(15, 6, kind.STRING).rstrip("\0"),
    ]  # fmt: skip
heard["written"] = registers(client.read_holding_registers(100, count=4, **unit))
heard["readWritten"] = registers(client.read_holding_registers(110, count=2, **unit))
heard["identity"] = {str(key): value.decode() for key, value in information.items()}
client.close()
print(json.dumps(heard))
