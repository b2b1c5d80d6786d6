// Package fault is the one vocabulary of errors: every room says what went wrong
// with a Code of this package, and every door turns the code into what its
// callers read. It promises that a code survives wrapping, and that an error
// without one counts as Internal. It knows nothing of HTTP, SQL or files, and
// imports no other room.
package fault

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
)

// Code is one kind of failure, in the words of the product. The text people
// read for it stands in the doors' tables, never here.
type Code string

// The vocabulary. A new kind of failure is added here, and with its sentence in
// the doors' tables, or not at all.
const (
	Internal    Code = "internal"    // a bug or a broken machine; the cause is logged, never shown
	Unavailable Code = "unavailable" // draining, or a resource is busy past its deadline: try again; Args[0] is Store where that is the one
	Uncertain   Code = "uncertain"   // nobody can say whether it was done: look before it is done again
	DiskFull    Code = "disk_full"   // the store or the database has no room left
	Canceled    Code = "canceled"    // the caller went away

	BadRequest   Code = "bad_request"    // a parameter is missing or malformed; Args[0] names it
	BadBody      Code = "bad_body"       // the body can't be read as what it says it is, or ended early
	BodyTooLarge Code = "body_too_large" // the body is over the door's limit
	TooManyIDs   Code = "too_many_ids"   // more ids in one call than allowed; Args[0] is the limit
	BadName      Code = "bad_name"       // a name that no entry may have
	BadEtag      Code = "bad_etag"       // an etag that is not 32 hex digits
	BadURL       Code = "bad_url"        // not an http or https URL, or one with a user's name in it

	BadCredentials Code = "bad_credentials" // unknown client id, wrong secret
	NoToken        Code = "no_token"        // no access token, or not one of ours
	TokenExpired   Code = "token_expired"   // the token's time is over, or it was revoked
	Disabled       Code = "disabled"        // the account is disabled

	TooManyAttempts Code = "too_many_attempts" // too many wrong passwords: nobody signs in for Args[0] minutes
	TooManyRequests Code = "too_many_requests" // more often than the account may; Args[0] seconds later there is one again
	WrongPassword   Code = "wrong_password"    // the present password is another one
	BadPassword     Code = "bad_password"      // a new password with less than Args[0] or more than Args[1] characters
	OperatorOnly    Code = "operator_only"     // an operator alone may do this
	ClientNotFound  Code = "client_not_found"  // the account has no such client
	LastClient      Code = "last_client"       // an account has one client at least
	TooManyClients  Code = "too_many_clients"  // Args[0] clients are there already
	TokenNotFound   Code = "token_not_found"   // the account has no such token
	AccountNotFound Code = "account_not_found" // there is no such account
	AccountTaken    Code = "account_taken"     // there is an account of the name Args[0]
	NoApp           Code = "no_app"            // the client id is no app's, or the redirect URI none of its own
	BadScope        Code = "bad_scope"         // no scope, or one that is not known
	BadGrant        Code = "bad_grant"         // a code or refresh token that is unknown, used, expired or another client's
	ScopeMissing    Code = "scope_missing"     // the token may not do this: it lacks Args[0]

	NotFound       Code = "not_found"        // no such drive file, image or folder in this account
	ParentNotFound Code = "parent_not_found" // the folder to work in is not there
	NotFolder      Code = "not_folder"       // a file where a folder is needed
	NotFile        Code = "not_file"         // a folder where a file is needed
	NameTaken      Code = "name_taken"       // the name is taken in that folder
	FolderTaken    Code = "folder_taken"     // a drive folder of that name is there already
	BedFolderTaken Code = "bed_folder_taken" // a bed folder of that name is there already
	IntoItself     Code = "into_itself"      // a folder can't be moved under itself
	TooDeep        Code = "too_deep"         // the tree would pass the allowed depth; Args[0] is the limit
	TooManyEntries Code = "too_many_entries" // more files and folders than one call may copy or pack; Args[0] is the limit
	PathTooLong    Code = "path_too_long"    // a path of an archive is longer than Args[0] bytes
	LinksMore      Code = "links_more"       // more images would be deleted than the Args[0] that were agreed to
	NotTrashed     Code = "not_trashed"      // only what is in the trash can be deleted for good or recovered
	QuotaExceeded  Code = "quota_exceeded"   // the account has no room left
	EntriesFull    Code = "limit_entries"    // the drive has as many files and folders as it may; Args[0] is the limit
	Blocked        Code = "blocked"          // the operator has blocked this content
	ContentMissing Code = "content_missing"  // the stored content is gone or damaged

	NotAnImage   Code = "not_an_image"   // the bed takes the nine formats only
	NotAPicture  Code = "not_a_picture"  // a thumbnail of a file that is no picture
	FileTooLarge Code = "file_too_large" // over the size limit of this call; Args[0] is the limit in words
	EmptyFile    Code = "empty_file"     // the bed takes no empty file

	UploadNotFound Code = "upload_not_found" // no such upload, or it has expired
	UploadMissing  Code = "upload_missing"   // no upload id was given
	TooManyUploads Code = "too_many_uploads" // Args[0] uploads are open already
	TooManyStreams Code = "too_many_streams" // Args[0] streams of events are open already
	BadSlice       Code = "bad_slice"        // a slice number or length outside the upload; Args[0] says which
	SliceMissing   Code = "slice_missing"    // slice Args[0] has not been uploaded
	Verifying      Code = "verifying"        // the content is still being checked: ask again
	HashMismatch   Code = "hash_mismatch"    // the content is not what etag and size declared
	BadSignature   Code = "bad_signature"    // a signed URL that is forged or has expired

	TooManyTasks      Code = "too_many_tasks"       // Args[0] tasks are unfinished already
	TooManyTreeCopies Code = "too_many_tree_copies" // Args[0] copies inside the drive are unfinished already
	TooManyDownloads  Code = "too_many_downloads"   // Args[0] URLs are to be fetched already
	TaskNotFound      Code = "task_not_found"       // no such task in this account
	TaskGoesOn        Code = "task_goes_on"         // the task has not ended yet
	NoneFailed        Code = "none_failed"          // no picture of the task has failed
	TaskEnded         Code = "task_ended"           // the task has ended already
	NotPublished      Code = "not_published"        // no image of the bed comes from it
	TooManyImages     Code = "too_many_images"      // the limit
	PlanNotFound      Code = "plan_not_found"       // no plan of that id, or it has expired
	PlanMismatch      Code = "plan_mismatch"        // fileIDs or target beside a plan are not the plan's
	PlanPastLimit     Code = "plan_past_limit"      // the task would fail before it publishes anything
	PlanChanged       Code = "plan_changed"         // how many items are not as planned any more, the first of them
	LeaseLost         Code = "lease_lost"           // another attempt owns this task now; the holder must stop

	ShareNotFound Code = "share_not_found" // no such share, or of no account that may act
	ShareExpired  Code = "share_expired"   // the share's time is over
	BadShareName  Code = "bad_share_name"  // a name that no share may have; Args[0] is how many characters it may have
	TooManyShares Code = "too_many_shares" // Args[0] shares are there already

	DirectOff      Code = "direct_link_off"         // no folder above it has direct links
	TooManyDirect  Code = "too_many_direct_folders" // Args[0] folders have direct links already
	AddressBlocked Code = "address_blocked"         // the account has blocked who asks

	AddressRefused Code = "address_refused" // the server does not ask at this address; Args[0] is it

	ForeignForm Code = "foreign_form" // a form that another site's page has sent

	NoSuchRoute  Code = "no_such_route" // the path is not of this API
	NotSupported Code = "not_supported" // the path is of the API, and this server does not have what it is for
	WrongMethod  Code = "wrong_method"  // the path is, the method isn't
	Exists       Code = "exists"        // an account of that name exists
	InUse        Code = "in_use"        // another process owns the data folder
	BadConfig    Code = "bad_config"    // a setting that makes no sense; Args[0] is a Why, then what it wants
	BadData      Code = "bad_data"      // the data folder or its database can't be used; Args[0] is a Why, then what it wants
)

// Why says more closely what is wrong with a setting or with the data folder.
type Why string

// What is wrong with settings, and with the data folder. A new one is added here, and
// with its sentence in the commands' table, or not at all.
const (
	FileMissing     Why = "file_missing"     // of the config file: its path
	FileUnreadable  Why = "file_unreadable"  // of the config file: its path, the cause
	UnknownSetting  Why = "unknown_setting"  // the config file, the name
	NotText         Why = "not_text"         // the config file, the name of a setting that is no string
	NoFolder        Why = "no_folder"        // no data folder is named
	NotAnAddress    Why = "not_an_address"   // the setting, what should be host:port
	NotAPort        Why = "not_a_port"       // the setting, what should be a port
	HalfTLS         Why = "half_tls"         // a certificate without its key, or the key alone
	BadTLS          Why = "bad_tls"          // the two files, the cause
	NotAURL         Why = "not_a_url"        // the setting, its value
	URLTooLong      Why = "url_too_long"     // the setting, its value: more than scheme and host
	NotANetwork     Why = "not_a_network"    // the setting, what should be an address or CIDR
	NotARate        Why = "not_a_rate"       // what should be off or documented
	NotALevel       Why = "not_a_level"      // what should be a level of the log
	NotLoopback     Why = "not_loopback"     // the profiler's address
	NotDays         Why = "not_days"         // the setting, its value, the least and the most
	NotANumber      Why = "not_a_number"     // the setting, its value, the least and the most
	NotASize        Why = "not_a_size"       // the setting, its value
	NotATime        Why = "not_a_time"       // the setting, its value
	NotAServer      Why = "not_a_server"     // what should be the address of a server
	NoStoreKeys     Why = "no_store_keys"    // nothing
	NoBucket        Why = "no_bucket"        // the bucket, the endpoint
	StoreUnusable   Why = "store_unusable"   // the bucket, the endpoint, the cause
	NotADatabase    Why = "not_a_database"   // nothing: the URL holds a password
	PasswordInFlag  Why = "password_in_flag" // the setting
	NotABucket      Why = "not_a_bucket"     // the setting: the URL may hold keys
	KeysInURL       Why = "keys_in_url"      // the setting
	UnknownKey      Why = "unknown_key"      // the setting, the word in its URL's query
	RedirectNowhere Why = "redirect_nowhere" // nothing: pictures are to come from a bucket, and there is none
	NotARedirect    Why = "not_a_redirect"   // what should be off, on or a URL
	BucketValue     Why = "bucket_value"     // the setting, the word in its URL, its value

	FolderUnusable Why = "folder_unusable" // the path, the cause
	FolderForeign  Why = "folder_foreign"  // the path, what else is in it: it holds no data of ours
	DataUnopened   Why = "data_unopened"   // the path of the database
	DataReadOnly   Why = "data_read_only"  // the path of the database or of a file beside it
	DataDamaged    Why = "data_damaged"    // the path of the database
	DataIO         Why = "data_io"         // the path of the database, the cause
	DataRefused    Why = "data_refused"    // the database server's reason
	DataAway       Why = "data_away"       // the database server's address, why it can't be reached
	DataForbidden  Why = "data_forbidden"  // the right that is missing, in the database server's words
	DataNewer      Why = "data_newer"      // the path of the database, its version, the program's
	DataOlder      Why = "data_older"      // the path of the database, its version, the program's
	TwoDisks       Why = "two_disks"       // two folders between which no file can be moved
	DataMoved      Why = "data_moved"      // where the data is being moved, or was: only reads are answered
	DataUnfinished Why = "data_unfinished" // the database, where it is being filled from
	DataOther      Why = "data_other"      // the database: it is being filled from another one, or from another moment
	NotEmpty       Why = "not_empty"       // the place that should be empty
	NotABackup     Why = "not_a_backup"    // the folder
	NoBackup       Why = "no_backup"       // the folder, or the name of the snapshot
	BackupNewer    Why = "backup_newer"    // the folder, the number of its format
	FilledNow      Why = "filled_now"      // the database: another process fills it at this moment
	BackupOther    Why = "backup_other"    // the folder: its backups are of another installation
	NoAccounts     Why = "no_accounts"     // the database: it holds none, or not even our tables
	StoreOther     Why = "store_other"     // how many contents were looked for in the store, all of them in vain
	NoContent      Why = "no_content"      // the store, how many contents of the database were looked for in it, all of them in vain
	NotBackups     Why = "not_backups"     // the folder that should have backups to restore
	RottenContent  Why = "rotten_content"  // the file of a content in a backup, its key: it is not what it was
	BucketName     Why = "bucket_name"     // the setting, what should be the name of a bucket
	NoPlace        Why = "no_place"        // the folder that contents should be in, and that is not there
	BackupDamaged  Why = "backup_damaged"  // the snapshot, what of it
	NotAFile       Why = "not_a_file"      // the path of content: a folder, a device or the like is there
	StoreForeign   Why = "store_foreign"   // the store, the installation that has marked it, the one that this database is of; "-" for none
	StoreUnmarked  Why = "store_unmarked"  // the store: it has no mark, and none of the database's first contents, or contents where there should be none
)

// Store is, as an argument of Unavailable, that it is the store of contents which does not
// answer, and not the database.
const Store Why = "store"

// Error is a failure with its code, what was being done, and its cause.
type Error struct {
	Code  Code
	Op    string // what was being done, "room: action"
	Args  []any  // what the code's sentence wants, see the constants
	Cause error
}

// Error lists what was being done, outermost first, then the code.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	b.WriteString(": ")
	b.WriteString(string(e.Code))
	if len(e.Args) > 0 {
		fmt.Fprintf(&b, " %v", e.Args)
	}
	if e.Cause != nil {
		b.WriteString(": ")
		b.WriteString(e.Cause.Error())
	}
	return b.String()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// New makes an error with a code. args are what the code's sentence wants.
func New(code Code, op string, args ...any) error {
	return &Error{Code: code, Op: op, Args: args}
}

// Because makes an error with a code and the cause behind it; a nil cause is fine.
func Because(code Code, op string, cause error, args ...any) error {
	return &Error{Code: code, Op: op, Args: args, Cause: cause}
}

// Wrap says what was being done when err happened; the code stays what it was.
// A nil err stays nil.
func Wrap(err error, op string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", op, err)
}

// CodeOf gives the code of the outermost Error within err. A cancelled context
// is Canceled, a passed deadline Unavailable, anything else without a code
// Internal. A nil err has the code "".
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Unavailable
	}
	return Internal
}

// ArgsOf gives the arguments of the outermost Error within err.
func ArgsOf(err error) []any {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Args
	}
	return nil
}

// Guard calls fn and makes an Internal error of a panic, with the stack: what works
// in the background ends what it was at, and nothing else.
func Guard(op string, fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = Because(Internal, op, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return fn()
}

// Is says whether err carries the code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }
