# frozen_string_literal: true

require 'did_you_mean'
require 'openssl'
require_relative 'artefact'
require_relative 'wire'

# The versions that this worker answers for, and authors' code: a Ruby file with a class of `fit(x, y)`, which returns
# the model, and `predict(x, **params)`, perhaps `predict_proba`. x is an Array of rows, y one of codes.
class Models
  Held = Struct.new(:model, :names, :classes, :sha256)
  GOLDEN_ROWS = 5
  HELD_AT_MOST = 64

  def initialize(key)
    @key = key
    @held = {}
  end

  # Returns model, version and hash of what is held.
  def keys
    @held.keys.map(&:dup)
  end

  # Returns the frames of the answer to one request; `said` is what the author's code printed until then.
  def answer(request, said)
    case request.op
    when 'fit' then fit(request, said)
    when 'load' then load(request, said)
    when 'dataset', 'transform' then refuse('this worker has no datasets: a table of text would need Arrow')
    when 'score' then refuse('only models whose answers are any JSON judge themselves, and there are none here')
    when 'predict', 'predict_proba' then predict(request, said)
    end
  end

  private

  def predict(request, said)
    held = find(request)
    request.tables.size == 1 or raise Wire.protocol("#{request.op} takes one table, X")
    x = rows_of(held, request.tables.first)
    rows = ask(held, request.op, x, request.params)
    shares = request.op == 'predict_proba'
    dtype = shares || held.classes.nil? ? '<f8' : '<i4'
    Wire.answer(request.id, rows, shares ? held.classes.size : 1, dtype, said.call)
  end

  # Returns one Array a row, checked.
  def ask(held, operation, x, params)
    refuse('the model is no classifier and has no probabilities') if operation == 'predict_proba' && held.classes.nil?
    return [] if x.empty?

    found = author { held.model.public_send(operation, x, **params.transform_keys(&:to_sym)) }
    found = found.map { |value| [value] } if operation == 'predict'
    width = operation == 'predict' ? 1 : held.classes.size
    found.size == x.size && found.all? { |row| row.size == width } or
      raise failed("#{operation} gave no #{x.size} x #{width} answers")
    return found unless operation == 'predict' && held.classes

    last = held.classes.size - 1
    found.flatten.all? { |code| code.is_a?(Integer) && code.between?(0, last) } or
      raise failed("a classifier answers codes from 0 to #{last}")
    found
  end

  def fit(request, said)
    x, y = request.tables
    task = request.spec['task']
    %w[classification regression].include?(task) or raise Wire.protocol("'task' must be classification or regression")
    [1, 2].include?(request.tables.size) or raise Wire.protocol('fit takes X or X and y')
    author_spec, sources = %w[spec sources].map { |key| Wire.typed(request.spec, key, Hash, {}) }
    classes = read_extras(request.spec)
    started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    model = author { home(author_spec, sources).const_get(author_spec['class']).new.fit(x.to_rows, *y&.columns) }
    seconds = Process.clock_gettime(Process::CLOCK_MONOTONIC) - started
    held = Held.new(model, x.names, classes)
    told = said.call
    blob = Marshal.dump(model)
    card = {
      'language' => 'ruby', 'task' => task, 'spec' => author_spec, 'sources' => sources, 'classes' => classes,
      'runtime' => { 'language' => RUBY_VERSION }, 'created' => Time.now.utc.strftime('%FT%T+00:00'),
      'schema' => x.names.map { |name| { 'name' => name, 'kind' => 'float64' } }, 'golden' => golden(held, x.to_rows)
    }
    info = describe(model).merge('seconds' => seconds, 'rows' => x.rows)
    parts = Artefact.seal(card, blob, @key)
    held.sha256 = OpenSSL::Digest::SHA256.hexdigest(blob)
    hold(request, held) if request.version.positive?
    header = { 'id' => request.id, 'artefact' => true, 'info' => info }.merge(told)
    [Wire.packed(header), *parts]
  end

  # The keys of a fit that may be left out: which are used here, and which are only looked at.
  def read_extras(spec)
    spec['classes'].nil? || spec['classes'].is_a?(Array) or raise Wire.protocol("'classes' must be a list or null")
    Wire.typed(spec, 'unseen_levels', String, 'error')
    spec.fetch('sources', {}).each_value.all?(String) or raise Wire.protocol("'sources' must hold the text of files")
    batch = spec.fetch('batch', true)
    sound = [true, false].include?(batch)
    sound ||= batch.is_a?(Hash) && batch.each_value.all? { |most| most.is_a?(Numeric) && most.positive? }
    sound or raise Wire.protocol("'batch' must be true, false or a map of limits above 0")
    answers = spec.fetch('answers', 'typed')
    %w[typed any either].include?(answers) or raise Wire.protocol("'answers' must be one of typed, any, either")
    refuse('models of ruby answer labels or numbers, and nothing else') if answers == 'any'
    spec['classes']
  end

  def load(request, said)
    request.artefact or raise Wire.protocol('load needs an artefact')
    card = Artefact.verified(request.artefact, @key)
    card['language'] == 'ruby' or raise Wire.protocol("this is a worker for ruby, not for #{card['language']}")
    home(card['spec'], card['sources'])
    model = author { Marshal.load(request.artefact[1]) }
    held = Held.new(model, card['schema'].map { |field| field['name'] }, card['classes'], card['blob_sha256'])
    reproduce(held, card['golden'])
    warm_up(held, card['golden'])
    hold(request, held)
    [Wire.packed({ 'id' => request.id, 'info' => describe(held.model) }.merge(said.call))]
  end

  # Returns the version that a request means, now the one that was asked for last.
  def find(request)
    key = [request.model, request.version, request.sha256]
    key = @held.keys.reverse.find { |held| held.first(2) == key.first(2) } if request.sha256.empty?
    held = @held.delete(key) or
      raise WorkerFault.new('artefact-needed', "version #{request.version} of #{request.model} is not held here")
    @held[key] = held
  end

  def hold(request, held)
    key = [request.model, request.version, held.sha256]
    @held.delete(key)
    @held[key] = held
    @held.shift while @held.size > HELD_AT_MOST
  end

  def describe(model)
    { 'native_class' => own_name(model.class), 'predict_proba' => model.respond_to?(:predict_proba) }
  end

  def golden(held, x)
    rows = (0...GOLDEN_ROWS).map { |i| x[i * (x.size - 1) / (GOLDEN_ROWS - 1)] }.uniq
    operation = held.classes && held.model.respond_to?(:predict_proba) ? 'predict_proba' : 'predict'
    answers = ask(held, operation, rows, {})
    finite = (rows + answers).flatten.all? { |value| value.to_f.finite? }
    finite ? { 'op' => operation, 'rows' => rows, 'answers' => answers } : nil
  end

  def reproduce(held, golden)
    return unless golden

    found = ask(held, golden['op'], golden['rows'], {})
    pairs = found.flatten.zip(golden['answers'].flatten)
    pairs.all? { |a, b| (a - b).abs <= 1e-9 + 1e-6 * b.abs } or
      raise WorkerFault.new('artefact-refused', 'the version does not reproduce its golden rows')
  end

  # Asks for classes where shares were compared; what fails is told to the first caller.
  def warm_up(held, golden)
    ask(held, 'predict', golden['rows'], {}) if golden && golden['op'] == 'predict_proba'
  rescue WorkerFault
    nil
  end

  # Returns the rows of a request's table, its columns in the order of the fit.
  def rows_of(held, table)
    problems = (table.names - held.names).map { |name| unknown(name, held.names) }
    problems += (held.names - table.names).map { |name| problem(name, 'is missing') }
    table.names.tally.each { |name, count| problems << problem(name, 'comes twice') if count > 1 }
    table.names.zip(table.columns) { |name, column| problems << problem(name, 'is not exact') unless exact?(column) }
    unless problems.empty?
      message = problems.map { |each| "'#{each['field']}' #{each['message']}" }.join('; ')
      raise WorkerFault.new('bad-request', message, { 'problems' => problems })
    end

    columns = held.names.map { |name| table.columns[table.names.index(name)].map { |value| float(value) } }
    table.rows.zero? ? [] : columns.transpose
  end

  def exact?(column)
    column.none? { |value| value.is_a?(Integer) && value.abs > Wire::EXACT }
  end

  def float(value)
    value.is_a?(Numeric) ? value.to_f : { true => 1.0, false => 0.0 }.fetch(value)
  end

  def unknown(name, known)
    near = DidYouMean::SpellChecker.new(dictionary: known).correct(name).first
    problem(name, "is unknown#{", did you mean '#{near}'?" if near}")
  end

  def problem(name, message)
    { 'field' => name, 'message' => message, 'row' => nil }
  end

  # Returns the module that holds the author's file, the same for the same text in every process.
  def home(spec, sources)
    text = sources.fetch(spec['script']) { |script| refuse("script: #{script.inspect} is none of the model's files") }
    name = "Sources_#{OpenSSL::Digest::SHA256.hexdigest(text)[0, 16]}"
    return Object.const_get(name) if Object.const_defined?(name)

    Object.const_set(name, Module.new.tap { |place| author { place.module_eval(text, spec['script']) } })
  end

  # Returns what the author's code answers; whatever it raises becomes a fault.
  def author
    yield
  rescue StandardError, ScriptError, SystemStackError, NoMemoryError => e
    raise if e.is_a?(WorkerFault)

    frames = (e.backtrace || []).reject { |line| line.start_with?(__dir__) }
    raise failed(e.message, own_name(e.class), frames.join("\n"))
  end

  # Returns a class's name as its author wrote it.
  def own_name(type)
    type.name.sub(/\ASources_\h+::/, '')
  end

  def failed(message, native_class = '', traceback = '')
    details = { 'language' => 'ruby', 'native_class' => native_class, 'traceback' => traceback }
    WorkerFault.new('estimator-failed', message, details)
  end

  def refuse(message)
    raise WorkerFault.new('bad-request', message)
  end
end
