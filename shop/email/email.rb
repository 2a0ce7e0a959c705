# SPDX-License-Identifier: Apache-2.0
# frozen_string_literal: true

# email writes order confirmations. Nothing leaves the shop: the letter is counted and dropped.
require 'erb'
require 'json'
require 'sinatra/base'
require 'webrick'

LETTER = ERB.new(<<~TEXT, trim_mode: '-')
  Dear <%= to %>,
  your order <%= order['id'] %> is on its way, tracking number <%= order['tracking_id'] %>:
  <%- (order['items'] || []).each do |item| -%>
    <%= item['quantity'] %> x <%= item['product_id'] %>
  <%- end -%>
TEXT

# Faults on demand: lines "NAME VALUE" in the file named by SHOP_FAULT_FILE.
module Faults
  LEAKED = []
  HELD = Mutex.new

  def self.values
    File.readlines(ENV.fetch('SHOP_FAULT_FILE', '')).to_h { |line| line.split.then { |k, v| [k, v.to_f] } }
  rescue Errno::ENOENT
    {}
  end

  # True when this request is to fail.
  def self.suffer
    on = values
    sleep(on['slow'] / 1000) if on['slow']
    HELD.synchronize { sleep(on['lock'] / 1000) } if on['lock']
    LEAKED << 'x' * (on['leak'] * 1_048_576).to_i if on['leak']
    rand < (on['errors'] || 0)
  end
end

class Email < Sinatra::Base
  set :environment, :production
  set :server, :webrick
  set :bind, '0.0.0.0'
  set :port, ENV.fetch('SHOP_PORT', '6060').to_i
  set :lock, false
  set :server_settings, { AccessLog: [], Logger: WEBrick::Log.new($stdout, WEBrick::Log::WARN), DoNotReverseLookup: true }

  post '/send_order_confirmation' do
    halt 500, 'fault: errors' if Faults.suffer
    request.body.rewind
    message = JSON.parse(request.body.read)
    to = message['email']
    order = message['order']
    letter = LETTER.result(binding)
    content_type :json
    JSON.generate(bytes: letter.bytesize)
  end
end

Email.run!
