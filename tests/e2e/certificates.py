"""Certificates that last as long as a test."""

import pathlib
import ssl
import subprocess


def run_openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


class Authority:
    """A certificate authority in a folder, and the certificates that it signed."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.certificate = self.folder / "authority.pem"
        self._key = self.folder / "authority.key"
        run_openssl("req", "-x509", *self._new_key(self._key), "-subj", "/CN=test authority", "-days", 2,
                    "-out", self.certificate)

    def issue(self, name, *alternatives, expired=False):
        """Paths of a certificate for `alternatives` (like IP:127.0.0.1 and DNS:localhost) and of its key."""
        certificate, key, request, extensions = (self.folder / f"{name}.{kind}" for kind in ("pem", "key", "csr", "ext"))
        extensions.write_text("subjectAltName=" + ",".join(alternatives))
        run_openssl("req", *self._new_key(key), "-subj", f"/CN={name}", "-out", request)
        # 3.0's `x509` takes no dates: an end in the past is a negative number of days.
        run_openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
                    "-extfile", extensions, "-days", -1 if expired else 2, "-out", certificate)
        return certificate, key

    def client_context(self, version=None):
        """Of a client that trusts these, and speaks this version only."""
        context = ssl.create_default_context(cafile=self.certificate)
        context.set_alpn_protocols(["http/1.1"])
        if version:
            context.minimum_version = context.maximum_version = version
        return context

    @staticmethod
    def _new_key(path):
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path


def newest_version(version, folder):
    """The environment in which OpenSSL speaks no newer one."""
    path = pathlib.Path(folder) / "openssl.cnf"
    path.write_text("openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = limits\n"
                    f"[limits]\nMaxProtocol = {version.name.replace('_', '.')}\n")
    return {"OPENSSL_CONF": str(path)}


def server_context(certificate, key, newest=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["http/1.1"])
    context.maximum_version = newest
    return context
