# frozen_string_literal: true

require 'msgpack'
require 'openssl'

# What a worker says in a fault: a code of the protocol, and what the fault's details hold.
class WorkerFault < StandardError
  attr_reader :code, :details

  def initialize(code, message, details = {})
    super(message)
    @code = code
    @details = details
  end
end

# The buffers of tables that clients named by their digests; beyond a bound those used longest ago give way.
class Kept
  MOST_BYTES = 256 * 2**20

  def initialize
    @kept = {}
  end

  # Returns the buffer of that digest, or nil.
  def [](digest)
    found = @kept.delete(digest) or return
    @kept[digest] = found
  end

  def []=(digest, buffer)
    return if buffer.bytesize > MOST_BYTES

    @kept.delete(digest)
    @kept[digest] = buffer
    @kept.shift while @kept.each_value.sum(&:bytesize) > MOST_BYTES
  end
end

# Frames to requests and answers to frames, as docs/protocol.md has them. Tables are matrices of numbers: Ruby has no
# Arrow, so a table of any other kind is refused.
module Wire
  MAGIC = "TG\x01".b
  OPS = %w[fit predict predict_proba load dataset transform score].freeze
  NUMBERS = {
    '<f8' => ['E*', 8], '<f4' => ['e*', 4], '<i8' => ['q<*', 8], '<i4' => ['l<*', 4], '|b1' => ['C*', 1]
  }.freeze
  MAX_HEADER_BYTES = 64 * 2**20
  INLINE_BYTES = 16_384
  EXACT = 2**53

  # Columns of numbers, each an Array, under their names.
  Table = Struct.new(:names, :columns, :rows) do
    # Returns one Array of numbers a row.
    def to_rows
      rows.zero? ? [] : columns.transpose
    end
  end

  Request = Struct.new(
    :id, :op, :model, :version, :sha256, :timeout_ms, :params, :spec, :alone, :sent, :tables, :artefact,
    keyword_init: true
  )

  module_function

  # Returns the Request of these frames, or raises a WorkerFault; `kept` are the buffers that digests stand for.
  def request(frames, kept)
    header = self.header(frames)
    op = header['op']
    OPS.include?(op) or raise protocol("unknown op #{op.inspect}; known are #{OPS.join(', ')}")
    tables, artefact = body(header, frames, kept)
    Request.new(
      op: op, tables: tables, artefact: artefact,
      id: typed(header, 'id', String), model: typed(header, 'model', String),
      version: typed(header, 'version', Integer), sha256: typed(header, 'sha256', String, ''),
      timeout_ms: typed(header, 'timeout_ms', Integer),
      params: typed(header, 'params', Hash, {}), spec: typed(header, 'spec', Hash, {}),
      alone: header['alone'] == true, sent: header.key?('sent') ? typed(header, 'sent', Float) : nil
    )
  end

  # Returns the id in a header if one can be read, else an empty String.
  def id(frames)
    found = header(frames)['id']
    found.is_a?(String) ? found : ''
  rescue WorkerFault
    ''
  end

  # Returns the map in the first frame.
  def header(frames)
    first = frames.first or raise protocol('a message without frames')
    first.bytesize <= MAX_HEADER_BYTES or raise protocol("a header of more than #{MAX_HEADER_BYTES} bytes")
    first.start_with?('TG') or raise protocol('not a message of this protocol')
    first.start_with?(MAGIC) or
      raise protocol("protocol version #{first.byteslice(2, 1).unpack1('H*')}; this side speaks 1")
    found = unpacked(first.byteslice(3..))
    found.is_a?(Hash) && found.each_key.all?(String) or raise protocol('the header must be a map with keys of text')
    found
  end

  # Returns one frame that holds this map.
  def packed(map)
    MAGIC + MessagePack.pack(sayable(map))
  end

  # Returns the frames of a matrix of answers: an Array of Arrays, one a row.
  def answer(id, rows, width, dtype, said)
    names = (0...width).map(&:to_s)
    buffer = rows.empty? ? ''.b : rows.transpose.flatten.pack(NUMBERS.fetch(dtype).first)
    described = { 'dtype' => dtype, 'rows' => rows.size, 'names' => names }
    apart = buffer.bytesize > INLINE_BYTES
    described['data'] = buffer unless apart
    [packed({ 'id' => id, 'tables' => [described] }.merge(said)), *(apart ? [buffer] : [])]
  end

  def fault(id, error)
    fault = { 'code' => error.code, 'message' => error.message, 'details' => error.details }
    [packed('id' => id, 'fault' => fault)]
  end

  def protocol(message)
    WorkerFault.new('protocol', message)
  end

  def unpacked(bytes)
    MessagePack.unpack(bytes)
  rescue StandardError, SystemStackError => e
    raise protocol("the header is not msgpack: #{e.class}")
  end

  def body(header, frames, kept)
    described = typed(header, 'tables', Array, [])
    described.all?(Hash) or raise protocol('a table is described by a map')
    sealed = header['artefact'] == true
    expected = 1 + described.count { |entry| !entry.key?('data') } + (sealed ? 3 : 0)
    frames.size == expected or raise protocol("#{expected} frames were announced, #{frames.size} came")
    apart = frames[1..].each
    tables = described.map do |entry|
      buffer = entry.key?('data') ? typed(entry, 'data', String) : apart.next
      table(entry, entry.key?('digest') ? resolved(typed(entry, 'digest', String), buffer, kept) : buffer)
    end
    [tables, sealed ? frames.last(3) : nil]
  end

  # Returns the buffer of a digest, be it here or kept.
  def resolved(digest, buffer, kept)
    if buffer.empty?
      kept[digest] or raise WorkerFault.new('table-needed', "the table #{digest[0, 12]}... is not kept here")
    else
      OpenSSL::Digest::SHA256.hexdigest(buffer) == digest or raise protocol("a table's bytes have another digest")
      kept[digest] = buffer
    end
  end

  def table(entry, frame)
    rows = typed(entry, 'rows', Integer)
    entry.key?('dtype') or
      raise WorkerFault.new('bad-request', 'this worker reads matrices of numbers only, without missing values')
    names = typed(entry, 'names', Array)
    kind, size = NUMBERS[entry['dtype']]
    kind && names.all?(String) or raise protocol('a matrix needs a dtype of the protocol, and names that are text')
    rows >= 0 && frame.bytesize == rows * names.size * size or
      raise protocol("#{frame.bytesize} bytes are no #{rows} x #{names.size} matrix")
    values = frame.unpack(kind)
    values.map! { |value| value != 0 } if entry['dtype'] == '|b1'
    Table.new(names, names.each_index.map { |j| values[j * rows, rows] }, rows)
  end

  def typed(map, key, type, default = nil)
    value = map.fetch(key, default)
    value.is_a?(type) or raise protocol("#{key.inspect} must be of type #{type}, not #{value.class}")
    value
  end

  # Text that is not Unicode is told by its backslash escapes; only a table's `data` are bytes.
  def sayable(value)
    case value
    when Hash then value.to_h { |key, held| [key, key == 'data' ? held : sayable(held)] }
    when Array then value.map { |held| sayable(held) }
    when String then unicode(value)
    else value
    end
  end

  def unicode(text)
    text.dup.force_encoding('UTF-8').scrub { |bytes| bytes.unpack1('H*').gsub(/../, '\x\0') }
  end
end
