#include "gateway/unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace tickgate::gateway {
namespace {

using boost::system::error_code;
namespace errc = boost::system::errc;

constexpr mode_t kMode = 0660;

error_code last_error() {
    return {errno, boost::system::system_category()};
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy_n(path.data(), std::min(path.size(), sizeof address.sun_path - 1), address.sun_path);
    return address;
}

int open_socket() {
    return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

template <typename Call>
bool with_address(Call call, int fd, const std::string& path) {
    const sockaddr_un address = address_of(path);
    return call(fd, reinterpret_cast<const sockaddr*>(&address), socklen_t{sizeof address}) == 0;
}

/// Removes what a process that ended without a chance to do so has left.
error_code remove_stale(const std::string& path) {
    struct stat file {};
    if (::lstat(path.c_str(), &file) != 0) return last_error();
    if (!S_ISSOCK(file.st_mode)) return make_error_code(errc::file_exists);
    const int probe = open_socket();
    if (probe < 0) return last_error();
    const bool is_refused = !with_address(::connect, probe, path) && errno == ECONNREFUSED;
    ::close(probe);
    if (!is_refused) return make_error_code(errc::address_in_use);
    return ::unlink(path.c_str()) == 0 ? error_code{} : last_error();
}

/// The mode is set before the file is there, and again because the process's mask may have taken from it.
error_code bind_file(int fd, const std::string& path) {
    if (::fchmod(fd, kMode) != 0) return last_error();
    if (!with_address(::bind, fd, path)) {
        if (errno != EADDRINUSE) return last_error();
        if (const error_code error = remove_stale(path)) return error;
        if (!with_address(::bind, fd, path)) return last_error();
    }
    return ::chmod(path.c_str(), kMode) == 0 ? error_code{} : last_error();
}

}  // namespace

UnixSocket::UnixSocket(int fd, std::string path) noexcept : fd_{fd}, path_{std::move(path)} {
    remember_file();
}

UnixSocket::UnixSocket(UnixSocket&& other) noexcept
    : fd_{std::exchange(other.fd_, -1)},
      path_{std::move(other.path_)},
      device_{other.device_},
      inode_{other.inode_} {}

UnixSocket& UnixSocket::operator=(UnixSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    return *this;
}

UnixSocket::~UnixSocket() {
    if (fd_ < 0) return;
    if (owns_file()) ::unlink(path_.c_str());
    ::close(fd_);
}

void UnixSocket::remember_file() noexcept {
    struct stat file {};
    if (::lstat(path_.c_str(), &file) != 0) return;
    device_ = file.st_dev;
    inode_ = file.st_ino;
}

bool UnixSocket::owns_file() const noexcept {
    struct stat file {};
    return ::lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_;
}

book::Result<UnixSocket> UnixSocket::listen(const std::string& path) {
    const int fd = open_socket();
    if (fd < 0) return last_error();
    if (const error_code error = bind_file(fd, path)) {
        ::close(fd);
        return error;
    }
    UnixSocket socket{fd, path};
    if (::listen(fd, SOMAXCONN) != 0) return last_error();
    return socket;
}

book::Result<int> UnixSocket::duplicate() const {
    const int copy = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return last_error();
    return copy;
}

}  // namespace tickgate::gateway
