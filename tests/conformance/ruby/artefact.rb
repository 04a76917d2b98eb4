# frozen_string_literal: true

require 'json'
require 'openssl'

# A version as it travels: a signed manifest that names the hash of the model's own bytes.
module Artefact
  module_function

  # Returns manifest, blob and signature; the same fields, blob and key give the same bytes.
  def seal(fields, blob, key)
    card = fields.merge('format' => 1, 'blob_sha256' => OpenSSL::Digest::SHA256.hexdigest(blob))
    manifest = JSON.generate(sorted(card))
    [manifest, blob, sign(manifest, key)]
  end

  # Returns the manifest once the signature, the format and the hash hold; nothing is read before.
  def verified(parts, key)
    manifest, blob, signature = parts
    OpenSSL.secure_compare(sign(manifest, key), signature) or
      refuse("the artefact's signature does not hold: it has another key, or was changed")
    card = JSON.parse(manifest)
    card['format'] == 1 or refuse("the artefact has format #{card['format'].inspect}, and this worker reads 1")
    card['blob_sha256'] == OpenSSL::Digest::SHA256.hexdigest(blob) or
      refuse("the artefact's bytes are not those that its manifest names")
    card
  end

  def sign(manifest, key)
    OpenSSL::HMAC.digest('SHA256', key, manifest)
  end

  def refuse(message)
    raise WorkerFault.new('artefact-refused', message)
  end

  def sorted(value)
    case value
    when Hash then value.sort.to_h { |key, held| [key, sorted(held)] }
    when Array then value.map { |held| sorted(held) }
    else value
    end
  end
end
