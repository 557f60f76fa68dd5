"""The catalogue of documented errors, and the errors that the domain raises.

An error knows its code and message, never its JSON: the web layer renders it in the envelope of the
API family that was called.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class ErrorRow(NamedTuple):
    """One documented error code."""

    code: str
    status: int
    message: str


# API reference, "Error Codes": v1 (RDS.), v3 (DBS.) and the OpenStack-compatible API (no prefix). API
# gateway, "Error Codes": documents print APIG., the live gateway sends APIGW. and no final full stop.
_TABLE: Final = """
RDS.0000 200 Request processed successfully.
RDS.0001 400 Parameter error.
RDS.0002 404 The DB instance does not exist.
RDS.0004 409 Invalid operation.
RDS.0005 500 Server failure.
RDS.0006 400 The request is null. Enter a request parameter.
RDS.0007 404 The ECS information of the DB instance cannot be found.
RDS.0008 404 Instance volume information is not found. Check the database to see whether the instance volume information exists.
RDS.0009 404 Failed to obtain the database list.
RDS.0010 403 The DB instance ID or user ID may be null, or the operation is not authorized.
RDS.0011 409 Another operation is being performed on the DB instance or the DB instance is faulty.
RDS.0012 409 Operation is not allowed because the DB cluster has a standby instance.
RDS.0013 500 SSH connection failed.
RDS.0015 403 Resource not found or permission denied.
RDS.0016 404 Resource not found.
RDS.0017 400 Invalid parameter letter case.
RDS.0022 404 The DB instance does not exist.
RDS.0025 400 The parameter does not exist.
RDS.0027 400 The new storage space of the standby DB instance or read replica after scaling cannot be greater than that of the primary DB instance.
RDS.0028 404 The object does not exist.
RDS.0029 409 The object is being created. Please wait.
RDS.0030 413 The number of objects has reached the upper limit.
RDS.0031 409 The object already exists.
RDS.0040 422 Parameter or object in the request cannot be identified.
RDS.0041 202 Operation successful.
RDS.0042 400 Invalid request.
RDS.0056 409 Operation not allowed by the DB instance type or status.
RDS.0062 400 The number of tags added for the DB instance has reached the quota.
RDS.0128 404 The database information of the DB instance is not found. Check the database name to see whether the instance database information exists.
RDS.1001 500 Failed to initialize the RDS DB instance.
RDS.1002 409 RDS DB instance is being restored.
RDS.1003 500 Failed to restore the RDS DB instance.
RDS.1004 500 Database service error.
RDS.1005 500 The RDS DB instance is not running.
RDS.1099 500 The RDS DB instance is abnormal.
RDS.1100 409 The RDS DB instance is being deleted.
RDS.1101 500 Failed to deliver the RDS instance creation request.
RDS.1102 409 The DB instance name already exists.
RDS.1103 404 The DB instance does not exist.
RDS.1110 400 Invalid DB instance parameter.
RDS.1111 400 The new storage space must be greater than or equal to the original storage space.
RDS.1112 413 The number of DB instances has reached the quota.
RDS.2025 400 Password strength is too weak. The password must contain at least an uppercase letter, a lowercase letter, a digit, and a special character.
RDS.2067 400 Invalid parameter.
RDS.2068 500 Failed to restore database parameters to their default values. Try again later.
RDS.3002 409 The standby DB instance is being restored.
RDS.3003 413 The number of manual backup creations has reached the upper limit.
RDS.3004 409 Backup is in progress, please wait.
RDS.3005 500 Failed to add the automated backup policy for the DB instance.
RDS.3011 400 Invalid retention days.
RDS.3012 400 Invalid backup cycle.
RDS.3013 400 Invalid backup start time.
RDS.3016 400 The backup file is being deleted. Try again later.
RDS.3026 400 The backup file does not exist.
RDS.3027 404 The DB cluster does not exist.
RDS.3029 400 No backup files are available for restoration to this time point.
RDS.3030 400 The storage space of the new DB instance cannot be less than that of the original DB instance.
RDS.4041 500 Failed to reboot the standby instance.
RDS.4042 500 Failed to configure database services.
RDS.5001 400 Invalid DB instance name.
RDS.5002 400 Invalid DB engine.
RDS.5003 400 Invalid database version.
RDS.5004 400 The datastore field is empty.
RDS.5005 400 The DB engine or version is not supported.
RDS.5006 400 Invalid flavor value.
RDS.5007 404 The flavor value does not exist.
RDS.5008 400 Invalid storage type.
RDS.5009 400 Storage space is out of range.
RDS.5010 400 Invalid region value.
RDS.5011 400 Invalid AZ.
RDS.5012 404 The region or AZ does not exist.
RDS.5013 400 Invalid database root password.
RDS.5014 400 Invalid VPC ID.
RDS.5015 400 Invalid network ID.
RDS.5016 400 Invalid security group ID.
RDS.5017 400 Invalid automated backup retention days.
RDS.5018 400 Invalid automated backup cycle.
RDS.5019 400 The automated backup cycle is not in ascending order.
RDS.5020 400 Invalid automated backup start time.
RDS.5021 404 The VPC does not exist or does not belong to the user.
RDS.5022 404 The subnet does not exist or does not belong to the VPC.
RDS.5023 404 The security group does not exist or does not belong to the VPC.
RDS.5024 413 The number of read replicas has reached the upper limit.
RDS.5025 400 Invalid region value for creating primary/standby DB instances.
RDS.5026 400 Invalid AZ for creating primary/standby DB instances.
RDS.5027 400 Invalid AZ for creating primary/standby DB instances.
RDS.5028 404 No AZ is found for creating primary/standby DB instances.
RDS.5029 400 Invalid synchronize model.
RDS.5030 400 Invalid security group for creating primary/standby DB instances.
RDS.5031 400 Invalid subnet for creating primary/standby DB instances.
RDS.5032 400 Invalid replica_of value.
RDS.5033 400 Storage space must be a multiple of 10.
RDS.5035 400 The number of scaling times has exceeded the upper limit.
RDS.5036 400 The datastore does not exist or has no permissions.
RDS.5037 400 The parameter does not exist.
RDS.5038 400 The parameter value is out of range.
RDS.5039 400 Parameters are duplicated.
RDS.5040 400 Each ECS should have at least two mounting points.
RDS.5041 404 The job does not exist.
RDS.5042 404 The original DB instance does not exist.
RDS.5043 400 The original DB instance is not the primary DB instance.
RDS.5044 400 Invalid object name.
RDS.5045 403 Operation not allowed.
RDS.9999 500 Failed to process the request.
DBS.108000 500 Server failure.
DBS.108002 500 Server failure.
DBS.108005 500 Server failure.
DBS.200001 400 Parameter error.
DBS.200002 404 The DB instance does not exist.
DBS.200004 400 Parameter error.
DBS.200005 500 Server failure.
DBS.200006 400 The request is null. Enter a request parameter.
DBS.200008 404 The ECS information of the DB instance cannot be found.
DBS.200010 403 The DB instance ID or user ID may be null, or the operation is not authorized.
DBS.200011 409 Another operation is being performed on the DB instance or the DB instance is faulty.
DBS.200013 404 The original DB instance does not exist.
DBS.200019 409 Another operation is being performed on the DB instance or the DB instance is faulty.
DBS.200021 400 Invalid DB instance name.
DBS.200022 409 The DB instance name already exists.
DBS.200023 400 Storage space is out of range.
DBS.200024 400 Invalid region.
DBS.200025 400 Invalid AZ.
DBS.200026 400 Invalid storage type.
DBS.200027 400 Storage space must be a multiple of 10.
DBS.200040 400 The DB engine or version is not supported.
DBS.200041 400 Invalid database version.
DBS.200042 400 The DB engine does not exist.
DBS.200043 400 Invalid synchronize model.
DBS.200044 403 Resource not found or permission denied.
DBS.200045 404 The DB instance does not exist.
DBS.200046 413 The number of DB instances has reached the quota.
DBS.200047 409 Another operation is being performed on the DB instance or the DB instance is faulty.
DBS.200048 400 Invalid VPC ID.
DBS.200049 400 Invalid network ID.
DBS.200050 404 The security group does not exist or does not belong to the VPC.
DBS.200051 400 Invalid HA mode.
DBS.200052 400 Invalid database root password.
DBS.200053 400 The selected specifications do not exist.
DBS.200054 400 Invalid specifications.
DBS.200055 400 Invalid replica_of_id.
DBS.200056 400 The maximum number of nodes has been reached.
DBS.200086 400 This operation is not allowed by the DB instance status.
DBS.200087 400 The number of tags added for one DB instance has reached the quota.
DBS.200098 400 The tag already exists.
DBS.200203 400 Failed to query the DB instance.
DBS.200303 400 The scale-up times have reached the maximum value.
DBS.200306 400 The new storage space must be greater than or equal to the original storage space.
DBS.200308 400 The new storage space after scaling up cannot be greater than that of the primary DB instance.
DBS.200316 409 This operation cannot be performed because the DB instance status is Storage full.
DBS.200402 409 Invalid operation.
DBS.200405 400 Parameter error.
DBS.200408 404 The DB instance does not exist.
DBS.200461 400 The parameter value is out of range.
DBS.200470 404 The region or AZ does not exist.
DBS.200501 404 The subnet does not exist or does not belong to the VPC.
DBS.200503 404 The VPC does not exist or does not belong to the user.
DBS.200504 400 Invalid database version.
DBS.200506 400 Invalid KMS.
DBS.200543 400 The job does not exist.
DBS.200602 404 The DB instance does not exist.
DBS.200604 403 The DB instance ID or user ID may be null, or the operation is not authorized.
DBS.200811 500 Failed to create the database.
DBS.201003 403 Resource not found or permission denied.
DBS.201010 404 The backup information does not exist.
DBS.201014 400 This operation is not allowed by the DB instance status.
DBS.201028 404 The DB instance does not exist.
DBS.201035 400 The database name must be different from the original and target database names.
DBS.201101 400 Invalid backup cycle.
DBS.201103 400 Invalid backup start time.
DBS.201106 400 Invalid retention days.
DBS.201201 409 The object already exists.
DBS.201202 409 Another operation is being performed on the DB instance or the DB instance is faulty.
DBS.201203 400 The backup file does not exist.
DBS.201205 409 Backup is in progress, please wait.
DBS.201207 400 The DB engine or version is not supported.
DBS.212001 404 The parameter group does not exist.
DBS.212002 400 Incorrect parameter group quota.
DBS.212003 400 Operation not allowed.
DBS.212004 400 Parameter group update error.
DBS.212005 400 The node does not belong to the group.
DBS.212006 409 Another operation is being performed on the DB instance or the DB instance is faulty.
DBS.212007 400 The DB engine does not exist.
DBS.212008 400 The DB engine is not supported.
DBS.212009 400 Task processing failed.
DBS.212010 400 The parameter group is being applied.
DBS.212011 400 Application failed.
DBS.212012 400 The parameter does not exist.
DBS.212013 404 The object does not exist.
DBS.212014 400 The node does not have a default parameter group.
DBS.212015 400 Partial success
DBS.212016 400 Parameter update failed.
DBS.212017 400 Invalid parameter.
DBS.212019 422 The parameter cannot be processed.
DBS.212025 400 Update failed.
DBS.212030 400 Parameter error
DBS.212032 400 The parameter template has been applied.
DBS.212037 400 Parameters are incorrectly set.
DBS.213004 500 Failed to process the request.
DBS.216028 400 Insufficient internal resource quota.
DBS.280001 400 Parameter error.
DBS.280015 403 Resource not found or permission denied.
DBS.280056 403 Invalid token.
DBS.280127 400 Invalid backup description.
DBS.280128 400 The database name does not exist.
DBS.280204 400 Invalid parameter.
DBS.280214 400 The backup does not exist.
DBS.280235 400 Invalid database type.
DBS.280238 400 The DB engine or version is not supported.
DBS.280239 400 Invalid specifications.
DBS.280241 400 Invalid storage type.
DBS.280246 400 Invalid database root password.
DBS.280250 400 Invalid backup retention days.
DBS.280251 400 Invalid backup cycle.
DBS.280253 400 Invalid backup start time.
DBS.280270 400 The parameter does not exist.
DBS.280271 400 The parameter value is out of range.
DBS.280272 400 The tag key must be unique.
DBS.280277 400 Invalid object name.
DBS.280285 400 Invalid AZ.
DBS.280404 400 Invalid DB instance ID or node ID format.
DBS.280449 400 Operation not allowed on frozen objects.
DBS.280450 400 The DB instance specifications are sold out.
DBS.290000 400 Parameter error.
DBS.290001 400 Invalid parameter letter case.
DBS.290002 404 The selected specifications do not exist.
DBS.290003 413 The number of DB instances has reached the quota.
DBS.290005 404 The DB instance does not exist.
DBS.290006 500 Failed to process the request.
DBS.290011 404 The DB instance does not exist.
DBS.290013 404 Resource not found.
DBS.290015 500 Failed to process the request.
badRequest 400 The server could not comply with the request since it is malformed or incorrect.
unauthorized 401 Unauthorized request.
forbidden 403 User does not have admin privileges.
itemNotFound 404 Resource not found.
conflict 409 Conflict
overLimit 413 Quota exceeded
instanceFault 500 The server is faulty or incapable of performing the requested operation.
notImplemented 501 Not supported
unprocessableEntity 501 Unable to process the contained request.
APIGW.0101 404 The API does not exist or has not been published in the environment
APIGW.0201 413 Request entity too large
APIGW.0301 401 Incorrect IAM authentication information
APIGW.0302 403 The IAM user is not authorized to access the API
APIGW.0307 401 The token must be updated
APIGW.0308 429 The throttling threshold has been reached
APIGW.0310 403 The project is unavailable
APIGW.0601 500 Internal server error
APIGW.0802 403 The IAM user is forbidden in the current region
"""


def _rows() -> dict[str, ErrorRow]:
    fields = (line.split(" ", 2) for line in _TABLE.strip().splitlines())
    return {code: ErrorRow(code, int(status), message) for code, status, message in fields}


CATALOGUE: Final = _rows()


class Refusal(NamedTuple):
    """A broken rule of the domain: the code that each API family documents for it."""

    v1: str
    v3: str


INVALID_PARAMETER: Final = Refusal("RDS.0001", "DBS.280001")
EMPTY_BODY: Final = Refusal("RDS.0006", "DBS.200006")
MALFORMED_JSON: Final = Refusal("RDS.0042", "DBS.280001")
LETTER_CASE: Final = Refusal("RDS.0017", "DBS.290001")
BACKUP_NAME: Final = Refusal("RDS.5044", "DBS.280277")
BACKUP_DESCRIPTION: Final = Refusal("RDS.0001", "DBS.280127")
PROJECT_FORBIDDEN: Final = Refusal("RDS.0010", "DBS.200010")
INSTANCE_NOT_FOUND: Final = Refusal("RDS.0002", "DBS.200002")
SOURCE_NOT_FOUND: Final = Refusal("RDS.5042", "DBS.200013")
WRONG_INSTANCE_TYPE: Final = Refusal("RDS.0056", "DBS.201014")
INSTANCE_BUSY: Final = Refusal("RDS.0011", "DBS.201202")
INSTANCE_CREATING: Final = Refusal("RDS.0029", "DBS.200011")
INSTANCE_RESTORING: Final = Refusal("RDS.1002", "DBS.200011")
INSTANCE_DELETING: Final = Refusal("RDS.1100", "DBS.200011")
INVALID_OPERATION: Final = Refusal("RDS.0004", "DBS.200402")
RESOURCE_NOT_FOUND: Final = Refusal("RDS.0016", "DBS.290013")
INSTANCE_STATUS: Final = Refusal("RDS.0056", "DBS.200086")
BACKUP_RUNNING: Final = Refusal("RDS.3004", "DBS.201205")
BACKUP_NAME_TAKEN: Final = Refusal("RDS.0031", "DBS.201201")
BACKUP_QUOTA: Final = Refusal("RDS.3003", "DBS.216028")
BACKUP_NOT_FOUND: Final = Refusal("RDS.3026", "DBS.201010")
BACKUP_DELETING: Final = Refusal("RDS.3016", "DBS.201014")
BACKUP_NOT_USABLE: Final = Refusal("RDS.0056", "DBS.201014")
NO_BACKUP_FOR_TIME: Final = Refusal("RDS.3029", "DBS.201203")
ENGINE_NOT_SUPPORTED: Final = Refusal("RDS.5005", "DBS.200040")
RETENTION_DAYS: Final = Refusal("RDS.3011", "DBS.280250")
START_TIME: Final = Refusal("RDS.3013", "DBS.280253")
ENGINE: Final = Refusal("RDS.5002", "DBS.200042")
ENGINE_VERSION: Final = Refusal("RDS.5003", "DBS.200041")
NO_DATASTORE: Final = Refusal("RDS.5004", "DBS.200042")
INSTANCE_NAME: Final = Refusal("RDS.5001", "DBS.200021")
FLAVOR_FORMAT: Final = Refusal("RDS.5006", "DBS.200054")
FLAVOR_NOT_FOUND: Final = Refusal("RDS.5007", "DBS.200053")
VOLUME_TYPE: Final = Refusal("RDS.5008", "DBS.200026")
VOLUME_RANGE: Final = Refusal("RDS.5009", "DBS.200023")
VOLUME_STEP: Final = Refusal("RDS.5033", "DBS.200027")
VOLUME_TOO_SMALL: Final = Refusal("RDS.3030", "DBS.200306")
VOLUME_NOT_LARGER: Final = Refusal("RDS.1111", "DBS.200306")
REGION: Final = Refusal("RDS.5010", "DBS.200024")
AVAILABILITY_ZONE: Final = Refusal("RDS.5011", "DBS.200025")
PASSWORD: Final = Refusal("RDS.5013", "DBS.200052")
VPC: Final = Refusal("RDS.5014", "DBS.200048")
SUBNET: Final = Refusal("RDS.5015", "DBS.200049")
SECURITY_GROUP: Final = Refusal("RDS.5016", "DBS.200050")
CREATE_RETENTION_DAYS: Final = Refusal("RDS.5017", "DBS.280250")
CREATE_START_TIME: Final = Refusal("RDS.5020", "DBS.280253")
REPLICATION_MODE: Final = Refusal("RDS.5029", "DBS.200043")
HA_MODE: Final = Refusal("RDS.0001", "DBS.200051")
SAME_FLAVOR: Final = Refusal("RDS.5006", "DBS.280239")
VOLUME_ABOVE_PRIMARY: Final = Refusal("RDS.0027", "DBS.200308")
TAG_KEY_TAKEN: Final = Refusal("RDS.5039", "DBS.280272")
REPLICA_OF: Final = Refusal("RDS.5032", "DBS.200055")
ORIGINAL_NOT_ALLOWED: Final = Refusal("RDS.5005", "DBS.201207")
JOB_NOT_FOUND: Final = Refusal("RDS.5041", "DBS.200543")
INSTANCE_ID: Final = Refusal("RDS.0001", "DBS.280404")
DATABASE_NAMES: Final = Refusal("RDS.0001", "DBS.201035")
PERIOD: Final = Refusal("RDS.3012", "DBS.280251")
INSTANCE_QUOTA: Final = Refusal("RDS.1112", "DBS.200046")
TAG_QUOTA: Final = Refusal("RDS.0062", "DBS.200087")


SERVER_FAILURE: Final = Refusal("RDS.0005", "DBS.200005")

_REFUSALS: Final = tuple(refusal for refusal in tuple(globals().values()) if isinstance(refusal, Refusal))
_IN_V3: Final = {refusal.v1: refusal.v3 for refusal in reversed(_REFUSALS)} | {"RDS.9999": "DBS.200005"}
_IN_V1: Final = {refusal.v3: refusal.v1 for refusal in reversed(_REFUSALS)}
"""The code of the other family for the same broken rule; of several the one that stands first above."""


def in_family(code: str, family: str) -> str:
    """Return what *family* says where another one says *code*; *code* itself where the reference knows no such code."""
    if family.startswith("v3"):
        return _IN_V3.get(code, code)
    return _IN_V1.get(code, code) if family == "v1" else code


class RDSError(Exception):
    """A request that the service refuses.

    Args:
        refusal: The rule that is broken.
        hint: What the author of the client should know; sent as ``X-Mockrds-Hint``, never in the body.
    """

    def __init__(self, refusal: Refusal, hint: str = "") -> None:
        super().__init__(hint or refusal.v1)
        self.refusal = refusal
        self.hint = hint


class NetworkError(Exception):
    """A request that the network service refuses.

    Args:
        status: The HTTP status.
        message: What is wrong.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class GatewayError(Exception):
    """A request that the API gateway refuses before the service sees it.

    Args:
        code: A gateway code of the catalogue.
        detail: What the gateway adds to the message, after a colon.
        hint: What the author of the client should know; sent as ``X-Mockrds-Hint``.
        message: The message to send instead of the catalogue's.
    """

    def __init__(self, code: str, detail: str = "", *, hint: str = "", message: str = "") -> None:
        row = CATALOGUE[code]
        self.code = code
        self.status = row.status
        self.message = message or row.message + (f": {detail}" if detail else "")
        self.hint = hint
        super().__init__(self.message)
