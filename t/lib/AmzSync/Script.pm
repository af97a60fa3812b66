package AmzSync::Script;

# Blocks whose section --- client is Perl that runs while nginx does: what it
# answers, a line an element, must be the section --- lines.
#
#     use Test::Nginx::Socket 'no_plan';
#     use AmzSync::Script;
#
#     add_response_body_check(sub {
#         AmzSync::Script::check(sub { eval "use strict; $_[0]" }, @_);
#     });
#     add_block_preprocessor(sub { AmzSync::Script::defaults($_[0], $config) });
#
# And what such scripts about the sandbox need.

use strict;
use warnings;

use AmzSync::Seller;
use Exporter qw(import);
use JSON::PP ();
use POSIX qw(strftime);
use Test::More ();
use Test::Nginx::Util ();
use Time::HiRes ();

our @EXPORT = qw(seller moment error same);

my $json = JSON::PP->new->canonical->allow_nonref;


sub check {
    my ($run, $block, undef, undef, undef, $dry_run) = @_;
    my $code = $block->client;

    return if !defined $code || $dry_run;

    my @lines = $run->($code);

    Test::More::is(join("", map { "$_\n" } @lines) . $@, $block->lines,
                   $block->name . " - lines");
}


# Sections that a block does not have.

sub defaults {
    my ($block, $config) = @_;

    $block->set_value("config", $config) if !defined $block->config;
    return if defined $block->must_die;

    $block->set_value("request", "GET /amazon/_sandbox/stats")
        if !defined $block->request;
    $block->set_value("no_error_log", "[alert]\n[emerg]")
        if !defined $block->no_error_log;
}


sub seller {
    my ($path, $name, %arg) = @_;
    my $port = Test::Nginx::Util::server_port_for_client();

    return AmzSync::Seller->new("http://127.0.0.1:$port"
                                . ($path || "/amazon"), $name || "S1", %arg);
}


# Seconds from now.

sub moment {
    my ($seconds) = @_;

    return strftime("%Y-%m-%dT%H:%M:%SZ",
                    gmtime(Time::HiRes::time() + $seconds));
}


# An error of Amazon's form, in a line that is not too long.

sub error {
    my ($status, $answer) = @_;
    my $e = ref $answer eq "HASH" && $answer->{errors}[0];

    return "$status no error" if !$e;
    return "$status $e->{code}" if !length $e->{details};
    return "$status $e->{code}: " . substr $e->{details}, 0, 60;
}


sub same {
    my ($one, $two) = @_;

    return $json->encode($one) eq $json->encode($two) ? "same" : "different";
}


1;
