# A server by Net::SMPP, another implementation of the protocol, for tests/channels/smpp-others.test.ts. Says its port on the
# first line, then what it reads, one JSON document a line; answers every submit with an id, and reports it as delivered.
use strict;
use warnings;
use Net::SMPP;
use JSON::PP;

$| = 1;
my $server = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34) or die "cannot listen: $!";
print $server->sockport, "\n";
my $json = JSON::PP->new->canonical->latin1;
my $count = 0;
my $client = $server->accept or die "cannot accept: $!";
while (my $pdu = $client->read_pdu) {
  my $command = $pdu->{cmd};
  if ($command == Net::SMPP::CMD_bind_transceiver) {
    print $json->encode({ command => 'bind', system_id => $pdu->{system_id}, password => $pdu->{password} }), "\n";
    $client->bind_transceiver_resp(seq => $pdu->{seq}, status => 0, system_id => 'perl');
  } elsif ($command == Net::SMPP::CMD_submit_sm) {
    my $id = sprintf '%X', 0xABC0 + ++$count;
    my %read = map { $_ => $pdu->{$_} } qw(source_addr source_addr_ton source_addr_npi destination_addr dest_addr_ton
      dest_addr_npi esm_class data_coding registered_delivery validity_period);
    print $json->encode({ command => 'submit', %read, hex => unpack('H*', $pdu->{short_message}) }), "\n";
    $client->submit_sm_resp(seq => $pdu->{seq}, status => 0, message_id => $id);
    $client->deliver_sm(
      async => 1, source_addr_ton => 1, source_addr_npi => 1, source_addr => $pdu->{destination_addr},
      destination_addr => $pdu->{source_addr}, esm_class => 0x04,
      short_message => 'id:' . hex($id) . ' sub:001 dlvrd:001 submit date:2603140912 done date:2603140913 stat:DELIVRD err:000 text:',
    );
  } elsif ($command == Net::SMPP::CMD_deliver_sm_resp) {
    print $json->encode({ command => 'deliver_resp', status => $pdu->{status} }), "\n";
  } elsif ($command == Net::SMPP::CMD_enquire_link) {
    print $json->encode({ command => 'enquire_link' }), "\n";
    $client->enquire_link_resp(seq => $pdu->{seq}, status => 0);
  } elsif ($command == Net::SMPP::CMD_unbind) {
    print $json->encode({ command => 'unbind' }), "\n";
    $client->unbind_resp(seq => $pdu->{seq}, status => 0);
    last;
  }
}
