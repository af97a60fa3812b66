package AmzSync::Certificates;

# Certificates of a test, in a folder that is removed with the object; workers,
# who run as another user, can read it.
#
#     my $certificates = AmzSync::Certificates->new;
#     $certificates->authority("ca");
#     $certificates->issue("server", "ca", "DNS:localhost,IP:127.0.0.1");
#     my $file = $certificates->path("server.crt");    # and server.key
#     my $pem = $certificates->text("server.crt");

use strict;
use warnings;

use File::Temp ();


sub new {
    my ($class) = @_;
    my $self = bless { dir => File::Temp->newdir("amzsync.XXXXXX",
                                                 TMPDIR => 1) }, $class;

    chmod 0755, $self->{dir};

    return $self;
}


sub path { "$_[0]{dir}/$_[1]" }


# A certificate that signs itself, and may sign others; with names it may serve,
# too.

sub authority {
    my ($self, $name, $names) = @_;

    $self->openssl("req -x509", key(), "-days 2 -subj /CN=$name",
                   $names ? "-addext subjectAltName=$names" : "",
                   "-keyout", $self->path("$name.key"),
                   "-out", $self->path("$name.crt"));
}


sub issue {
    my ($self, $name, $authority, $names) = @_;
    my $path = $self->path($name);
    my $by = $self->path($authority);

    open my $fh, '>', "$path.ext" or die "$path.ext: $!\n";
    print $fh "subjectAltName=$names\n";
    close $fh or die "$path.ext: $!\n";

    $self->openssl("req -new", key(), "-subj /CN=$name",
                   "-keyout $path.key -out $path.csr");
    $self->openssl("x509 -req -in $path.csr -days 2 -CAcreateserial",
                   "-CA $by.crt -CAkey $by.key",
                   "-extfile $path.ext -out $path.crt");
}


sub text {
    my ($self, $name) = @_;
    my $path = $self->path($name);

    open my $fh, '<', $path or die "$path: $!\n";
    local $/;

    return <$fh>;
}


sub key { "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes" }


sub openssl {
    my ($self, @command) = @_;

    system("openssl @command >$self->{dir}/openssl.log 2>&1") == 0
        or die "openssl @command:\n", $self->text("openssl.log");
}


1;
