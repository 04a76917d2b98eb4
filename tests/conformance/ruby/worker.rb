# frozen_string_literal: true

# ruby worker.rb --name NAME --run-dir DIR: a worker for models in Ruby, complete but for tables that are not matrices.

require 'ffi-rzmq'
require 'json'
require 'optparse'
require 'securerandom'
require 'stringio'
require_relative 'models'

# Raised into the author's code when nobody waits for its answer any more.
class Overdue < Exception; end # rubocop:disable Lint/InheritException

# What the author's code printed and warned of since the last time somebody asked.
module Said
  @warnings = []
  class << self
    attr_reader :warnings

    def start
      $stdout = StringIO.new
    end

    def take
      text = $stdout.string.dup
      $stdout.truncate(0)
      $stdout.rewind
      warnings = @warnings.map(&:chomp)
      @warnings.clear
      { 'output' => text, 'warnings' => warnings }.reject { |_, value| value.empty? }
    end
  end
end

# Kernel#warn ends here.
module Warning
  def self.warn(message, **)
    Said.warnings << message
  end
end

# Two sockets and two threads: the main one computes, the other answers heartbeats and stops what takes too long.
class Worker
  QUEUE = 4_096
  POLL_MS = 50
  LINGER_S = 0.25
  NOTICE_S = 0.005
  GRACE_S = 0.05
  KILL_GRACE_S = 10.0
  EXIT_STUCK = 75

  def initialize(name, run_dir, key)
    @log = $stdout.dup.tap { |log| log.sync = true }
    @name = name
    @run_dir = run_dir
    @models = Models.new(key)
    @kept = Kept.new
    @incarnation = SecureRandom.hex(8)
    @served = @queued = @call = 0
    @lock = Mutex.new
    @draining = false
    @context = ZMQ::Context.new
  end

  def run
    Said.start
    @main = Thread.current
    %w[TERM HUP].each { |signal| trap(signal) { @draining = true } }
    requests = bound("#{@name}.ipc")
    control = bound("#{@name}.control.ipc")
    beats = Thread.new { beat(control) }
    announce
    log('ready: ruby', RUBY_VERSION)
    Thread.handle_interrupt(Overdue => :never) { serve(requests) }
    withdraw
    requests.close
    @over = true
    beats.join
    log('drained')
  end

  private

  def serve(socket)
    turn(socket, POLL_MS) until @draining
    withdraw
    quiet_since = now
    quiet_since = now if turn(socket, 20) while now - quiet_since < LINGER_S
  end

  def turn(socket, wait_ms)
    return false unless readable?(socket, wait_ms)

    waiting = received(socket)
    waiting.each_with_index do |(client, frames, came), place|
      @queued = waiting.size - place - 1
      send(socket, client, reply(socket, client, frames, came, place))
    end
    true
  end

  def received(socket)
    waiting = []
    loop do
      frames = []
      return waiting unless socket.recv_strings(frames, ZMQ::DONTWAIT) >= 0

      client, *rest = frames.map(&:b)
      waiting << [client, rest, now]
    end
  end

  def reply(socket, client, frames, came, place)
    request = Wire.request(frames, @kept)
    raise WorkerFault.new('overloaded', "this worker's queue is full; try again later") if place >= QUEUE

    expires = [came, request.sent || came].min + request.timeout_ms / 1000.0
    raise WorkerFault.new('deadline-exceeded', "the request waited past its deadline") if expires <= now

    if request.alone
      send(socket, client, [Wire.packed('id' => request.id, 'started' => true)])
      sleep(NOTICE_S)
    end
    within(expires) { @models.answer(request, -> { told(request.id) }) }
  rescue WorkerFault => e
    said = told(Wire.id(frames))
    e.details['output'] = said['output'] if said['output'] && e.code == 'estimator-failed'
    Wire.fault(Wire.id(frames), e)
  rescue Overdue
    told(Wire.id(frames))
    Wire.fault(Wire.id(frames), WorkerFault.new('deadline-exceeded', 'the call ran past its deadline and was stopped'))
  rescue StandardError => e
    log('the worker itself failed:', e.full_message(highlight: false))
    Wire.fault(Wire.id(frames), WorkerFault.new('error', "the worker failed: #{e.class}: #{e.message}"))
  end

  # Returns what the block answers, unless its time runs out first.
  def within(expires)
    @lock.synchronize { @busy_since, @busy_until, @told = now, expires, false }
    Thread.handle_interrupt(Overdue => :immediate) { yield }
  ensure
    told = @lock.synchronize do
      @busy_since = @busy_until = nil
      @told
    end
    # one that came too late must not hit the next call
    told && begin
      Thread.handle_interrupt(Overdue => :immediate) { Thread.pass }
    rescue Overdue
      nil
    end
    @served += 1
  end

  def beat(socket)
    until @over
      answer_state(socket) if readable?(socket, POLL_MS)
      stop_what_nobody_waits_for
    end
    socket.close
  end

  def answer_state(socket)
    frames = []
    socket.recv_strings(frames)
    client, *asked = frames.map(&:b)
    @draining = true if Wire.header(asked)['op'] == 'drain'
    send(socket, client, [Wire.packed(state)])
  rescue WorkerFault => e
    log('control:', e.message)
  end

  def state
    since = @busy_since
    {
      'name' => @name, 'language' => 'ruby', 'versions' => { 'language' => RUBY_VERSION }, 'triglot' => '',
      'incarnation' => @incarnation, 'pid' => Process.pid, 'draining' => @draining,
      'queued' => @queued, 'served' => @served,
      'busy_s' => since ? now - since : 0.0, 'holds' => @models.keys,
      'rss_bytes' => File.read('/proc/self/statm').split[1].to_i * 4096
    }
  end

  def stop_what_nobody_waits_for
    @lock.synchronize do
      late = @busy_until ? now - @busy_until : 0
      exit!(EXIT_STUCK) if late > KILL_GRACE_S
      if late > GRACE_S && !@told
        @told = true
        @main.raise(Overdue)
      end
    end
  end

  def bound(file)
    socket = @context.socket(ZMQ::ROUTER)
    options = { ZMQ::LINGER => 2_000, ZMQ::SNDHWM => 0, ZMQ::RCVHWM => 0 }
    options.each { |option, value| socket.setsockopt(option, value) }
    socket.bind("ipc://#{File.join(@run_dir, file)}").zero? or
      abort("cannot bind #{file}: #{ZMQ::Util.error_string}")
    socket
  end

  def announce
    half = File.join(@run_dir, ".#{@name}.#{@incarnation}")
    address = "ipc://#{File.join(@run_dir, @name)}"
    endpoint = {
      name: @name, language: 'ruby', address: "#{address}.ipc", control: "#{address}.control.ipc",
      incarnation: @incarnation, server_key: ''
    }
    File.write(half, JSON.generate(endpoint))
    File.rename(half, announcement)
  end

  # A successor may have put its own announcement there.
  def withdraw
    File.unlink(announcement) if JSON.parse(File.read(announcement))['incarnation'] == @incarnation
  rescue SystemCallError
    nil
  end

  def announcement
    File.join(@run_dir, "#{@name}.json")
  end

  def readable?(socket, wait_ms)
    poller = ZMQ::Poller.new
    poller.register_readable(socket)
    poller.poll(wait_ms).positive?
  end

  def send(socket, client, frames)
    socket.send_strings([client, *frames], ZMQ::DONTWAIT)
  end

  def told(id)
    Said.take.tap do |said|
      said.fetch('output', '').each_line(chomp: true) { |line| log("[#{id}]", line) }
      said.fetch('warnings', []).each { |line| log("[#{id}]", 'warning:', line) }
    end
  end

  def log(*words)
    @log.puts("#{@name}: #{words.join(' ')}")
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end

options = {}
OptionParser.new do |parser|
  parser.on('--name NAME', /\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\z/)
  parser.on('--run-dir DIR')
end.parse!(into: options)
run_dir = File.expand_path(options.fetch(:'run-dir'))
status = File.stat(run_dir)
status.owned? && (status.mode & 0o077).zero? or
  abort("run directory #{run_dir} must belong to you alone: chmod 700 #{run_dir}")
key = ENV.fetch('TRIGLOT_SIGNING_KEY', '').strip
key.bytesize >= 16 or abort('TRIGLOT_SIGNING_KEY needs 16 bytes or more')
Worker.new(options.fetch(:name), run_dir, key).run
