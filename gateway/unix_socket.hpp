#pragma once

#include <sys/types.h>

#include <string>

#include "book/error.hpp"

namespace tickgate::gateway {

/// A Unix socket that listens, and its file, which owner and group may connect to (mode 0660) and which goes with this.
class UnixSocket {
public:
    UnixSocket() = default;
    UnixSocket(UnixSocket&& other) noexcept;
    UnixSocket& operator=(UnixSocket&& other) noexcept;
    ~UnixSocket();

    /// Takes the place of a socket file on which nobody listens any more. Errors: the system's; address_in_use where
    /// somebody does, file_exists where the file is no socket.
    [[nodiscard]] static book::Result<UnixSocket> listen(const std::string& path);

    /// One more descriptor of it, the caller's to close. Errors: the system's.
    [[nodiscard]] book::Result<int> duplicate() const;

private:
    UnixSocket(int fd, std::string path) noexcept;
    void remember_file() noexcept;
    [[nodiscard]] bool owns_file() const noexcept;

    int fd_ = -1;
    std::string path_;
    dev_t device_ = 0;  // of the file: another may have taken its place
    ino_t inode_ = 0;
};

}  // namespace tickgate::gateway
